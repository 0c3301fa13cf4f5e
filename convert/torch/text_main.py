def sample(model, tok, prompt, count, temperature, seed):
    torch.manual_seed(seed)
    ids, states, out = torch.tensor([tok.encode(prompt) or [tok.stop or 0]]), None, []
    with torch.no_grad():
        for _ in range(count):
            logits, states = model(ids, states)
            k = torch.multinomial((logits[0, -1, :len(tok.words)] / temperature).softmax(0), 1).item()
            if k == tok.stop:
                break
            out.append(k)
            ids = torch.tensor([[k]])
    return prompt + (" " if tok.unit == "word" else "") + tok.decode(out)


def train(model, tok, a):
    """Trains on the tokens of a text, cut into pieces of --length; each process of
    torchrun takes its share of every batch."""
    rank, size = int(os.environ.get("RANK", 0)), int(os.environ.get("WORLD_SIZE", 1))
    net = model
    if size > 1:
        dist.init_process_group("nccl" if torch.cuda.is_available() else "gloo")
        device = torch.device("cuda", int(os.environ.get("LOCAL_RANK", 0))) if torch.cuda.is_available() else torch.device("cpu")
        net = nn.parallel.DistributedDataParallel(model.to(device), find_unused_parameters=True)
    device = model.output.bias.device
    ids = torch.tensor(tok.encode(open(a.data, encoding="utf-8", newline="").read()))
    pieces = ids[:(len(ids) - 1) // a.length * a.length].view(-1, a.length), ids[1:][:(len(ids) - 1) // a.length * a.length].view(-1, a.length)
    optimizer, mine = torch.optim.Adam(model.parameters(), lr=a.lr), a.batch // size
    for epoch in range(a.epochs):
        order = torch.randperm(len(pieces[0]), generator=torch.Generator().manual_seed(a.seed + epoch))
        total, steps = 0.0, len(order) // a.batch
        if steps == 0:
            sys.exit("model.py: the text has %d pieces of --length %d, fewer than --batch %d" % (len(order), a.length, a.batch))
        for s in range(steps):
            rows = order[s * a.batch + rank * mine:][:mine]
            x, y = pieces[0][rows].to(device), pieces[1][rows].to(device)
            loss = nn.functional.cross_entropy(net(x)[0].flatten(0, 1), y.flatten())
            optimizer.zero_grad()
            loss.backward()
            optimizer.step()
            total += loss.item()
        if rank == 0:
            print("epoch %d: loss %.4f nats a token" % (epoch + 1, total / steps), flush=True)
            save(a.output, model.tensors(), model.meta)


if __name__ == "__main__":
    p = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    p.add_argument("--model", default=os.path.join(os.path.dirname(os.path.abspath(__file__)), "model.safetensors"))
    p.add_argument("--prompt", default="")
    p.add_argument("--tokens", type=int, default=100)
    p.add_argument("--temperature", type=float, default=0.7)
    p.add_argument("--seed", type=int, default=0)
    p.add_argument("--data", help="a text to train on")
    p.add_argument("--output", default="trained.safetensors")
    p.add_argument("--epochs", type=int, default=1)
    p.add_argument("--batch", type=int, default=32)
    p.add_argument("--length", type=int, default=100)
    p.add_argument("--lr", type=float, default=1e-3)
    a = p.parse_args()
    tensors, meta = load(a.model)
    model, tok = Model(tensors, meta), Tokenizer(meta)
    if a.data:
        train(model, tok, a)
    else:
        print(sample(model, tok, a.prompt, a.tokens, a.temperature, a.seed))
