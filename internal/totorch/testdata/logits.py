"""Runs exported models: logits.py DIR... prints a JSON object on a line for each DIR.

DIR has model.py, model.safetensors and case.json, an object with some of
    ids        lists of ids, each a text         -> "out", logits [text][step][symbol], or of a classifier [text][class]
    levels     images [image][channel][row][col] -> "out", as the model's forward gives them, and "loss"
    condition  the class of each image
    texts      texts, as lists of bytes          -> "ids"
    x          sequences [sequence][step][value] -> "out", outputs [sequence][step][value]
"""
import importlib.util, json, sys

import torch

torch.set_num_threads(1)
for dir in sys.argv[1:]:
    spec = importlib.util.spec_from_file_location("model", dir + "/model.py")
    program = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(program)
    model = program.Model(dir + "/model.safetensors")
    case, result = json.load(open(dir + "/case.json")), {}
    if "texts" in case:
        tokenizer = program.Tokenizer(model.meta)
        result["ids"] = [tokenizer.encode(bytes(text).decode(errors="surrogateescape")) for text in case["texts"]]
    with torch.no_grad():
        if "levels" in case:
            x = torch.tensor(case["levels"], dtype=torch.float32)
            more = []
            if "condition" in case:
                one = torch.nn.functional.one_hot(torch.tensor(case["condition"]), model.config["condition"])
                more = [one.float()[:, :, None, None]]
            out = model(x, *more)
            if isinstance(out, tuple):
                out = torch.stack(out, 2).flatten(1, 2)  # component by component
            else:
                out = out.flatten(1, 2)
            result["out"] = out.permute(0, 2, 3, 1).flatten().tolist()
            result["loss"] = program.loss(model, x, *more).item()
        elif "ids" in case and model.config["kind"] == "classifier":
            lengths = torch.tensor([len(ids) for ids in case["ids"]])
            ids = torch.tensor([ids + [0] * (int(lengths.max()) - len(ids)) for ids in case["ids"]])
            result["out"] = model(ids, lengths).flatten().tolist()
        elif "x" in case:
            for x in torch.tensor(case["x"]).split(1):
                whole, _ = model(x)
                if "bidirectional" not in model.meta["config"]:  # the same in two parts
                    begin, states = model(x[:, :2])
                    whole = torch.cat([begin, model(x[:, 2:], states)[0]], 1)
                result.setdefault("out", []).extend(whole.flatten().tolist())
        elif "ids" in case:
            result["out"] = [v for ids in case["ids"] for v in model(torch.tensor([ids]))[0].flatten().tolist()]
    print(json.dumps(result))
