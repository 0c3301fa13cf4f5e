class Tokenizer:
    """Text to ids, for the options of tokenizers that can be said in a few lines."""

    def __init__(self, meta):
        t = json.loads(meta["tokenizer"])
        self.unit, self.fold, self.lines = t.get("unit", "word"), not t["keep_case"], t.get("line_ends", False)
        self.marks = "drop" if t["strip_punctuation"] else "keep" if t.get("keep_punctuation") else "split"
        if t.get("stem") or t.get("unicode_punctuation"):
            sys.exit("model.py: this tokenizer stems or splits Unicode punctuation: use autoreg for its texts")
        self.stop = None if t.get("no_stop") else 0
        self.words = t["vocabulary"] if self.unit != "byte" else [""][:self.stop == 0] + [bytes([b]) for b in range(256)]
        self.ids = {w: i for i, w in enumerate(self.words)}
        self.unknown = None if self.unit == "byte" else self.ids.get(t.get("unknown_word", "[UNK]"))

    def encode(self, text):
        if self.fold and self.unit != "byte":
            text = re.sub("[A-Z]", lambda m: m.group().lower(), text)
        if self.unit == "byte":
            units = [bytes([b]) for b in text.encode()]
        elif self.unit == "character":
            units = list(text)
        else:
            punctuation = r"([!\"#$%&'()*+,\-./:;<=>?@\[\]^_`{|}~])"
            if self.marks != "keep":
                text = re.sub(punctuation, r" \1 " if self.marks == "split" else "", text).replace("\\", "" if self.marks == "drop" else "\\")
            if self.lines:
                text = text.replace("\n", " \0 ")
            units = ["\n" if u == "\0" else u for u in re.split("[ \t\n\v\f\r]+", text) if u]
        ids = (self.ids.get(u, self.unknown) for u in units)
        return [i for i in ids if i is not None]

    def decode(self, ids):
        if self.unit == "byte":
            return b"".join(self.words[i] or b"" for i in ids).decode(errors="replace")
        return (" " if self.unit == "word" else "").join(self.words[i] for i in ids)
