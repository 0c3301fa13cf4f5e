package main

import (
	"fmt"
	"iter"
	"math/rand/v2"
	"time"

	"github.com/autoreg/autoreg/train/corpus"
)

// oddities are what madeUpLog says once each, after so many of its lines.
var oddities = map[int]string{
	611:  "kernel: Out of memory: Killed process 31337 (postgres) total-vm:4194304kB",
	1207: "sshd[2042]: error: maximum authentication attempts exceeded for root from 203.0.113.66 port 4444 ssh2 [preauth]",
	1944: "nginx: 198.51.100.7 \"GET /../../etc/passwd HTTP/1.1\" 400 0.000",
	2718: "cron[77]: (backup) CMD (/usr/local/bin/dump --all) FAILED \x1b[31mexit 74\x1b[0m",
}

// madeUpLog is the log of a small web server: thousands of lines of a few kinds, and the
// oddities. It is the same each time.
func madeUpLog() iter.Seq2[corpus.Line, error] {
	return func(yield func(corpus.Line, error) bool) {
		rng := rand.New(rand.NewPCG(1, 2))
		at := time.Date(2024, time.March, 9, 6, 0, 0, 0, time.UTC)
		for n := 1; n <= 3000; n++ {
			at = at.Add(time.Duration(rng.IntN(20_000)) * time.Millisecond)
			text, odd := oddities[n]
			if !odd {
				text = ordinary(rng)
			}
			if !yield(corpus.Line{Number: n, Text: at.Format("Jan _2 15:04:05 ") + "web1 " + text}, nil) {
				return
			}
		}
	}
}

// ordinary returns a line of the log without its date.
func ordinary(rng *rand.Rand) string {
	pick := func(list ...string) string { return list[rng.IntN(len(list))] }
	client := fmt.Sprintf("10.0.%d.%d", rng.IntN(4), 1+rng.IntN(254))
	switch k := rng.IntN(20); {
	case k < 13:
		page := pick("/", "/index.html", "/style.css", "/api/items", fmt.Sprintf("/api/items/%d", rng.IntN(500)), "/login")
		return fmt.Sprintf("nginx: %s \"%s %s HTTP/1.1\" %s 0.%03d", client, pick("GET", "GET", "GET", "POST"), page, pick("200", "200", "200", "304", "404"), rng.IntN(90))
	case k < 16:
		return fmt.Sprintf("sshd[%d]: Accepted publickey for %s from %s port %d ssh2", 1000+rng.IntN(9000), pick("deploy", "anna", "otto"), client, 32768+rng.IntN(28000))
	case k < 18:
		return fmt.Sprintf("systemd[1]: %s %s.", pick("Starting", "Started", "Stopped"), pick("Daily cleanup of temporary files", "Rotate log files", "Session of user deploy"))
	}
	return fmt.Sprintf("app[812]: level=info msg=\"%s\" items=%d ms=%d", pick("cache refreshed", "queue drained", "report sent"), rng.IntN(300), rng.IntN(90))
}
