// Runs ONNX models by ONNX Runtime: node run.js DIR... prints a JSON object on a line for
// each DIR, which has model.onnx and case.json, an object with
//
//   feeds   {name: {type, dims, data}}, inputs
//   states  {name: dims}, inputs that are zeros at first, each with an output name_out
//   output  the name of the output that counts
//   steps   the input that has a step in its second dimension
//
// The object has whole, the output for all steps at once, and if there are states, stepped,
// the outputs for one step after the other, with the states carried from one to the next.
const fs = require('fs'), path = require('path')
const ort = require('onnxruntime-node')

const arrays = { float32: Float32Array, int64: BigInt64Array, uint8: Uint8Array }
const tensor = ({ type, dims, data }) =>
  new ort.Tensor(type, arrays[type].from(type === 'int64' ? data.map(BigInt) : data), dims)
const zeros = dims => new ort.Tensor('float32', new Float32Array(dims.reduce((a, b) => a * b, 1)), dims)

async function run(dir) {
  const given = JSON.parse(fs.readFileSync(path.join(dir, 'case.json')))
  const session = await ort.InferenceSession.create(path.join(dir, 'model.onnx'), { intraOpNumThreads: 1, interOpNumThreads: 1 })
  const states = Object.fromEntries(Object.entries(given.states || {}).map(([name, dims]) => [name, zeros(dims)]))
  const feeds = Object.fromEntries(Object.entries(given.feeds).map(([name, x]) => [name, tensor(x)]))
  const out = (await session.run({ ...feeds, ...states }))[given.output]
  const result = { dims: out.dims, whole: Array.from(out.data), inputs: session.inputNames, outputs: session.outputNames }
  if (!given.states) return result
  const { type, dims: [batch, steps, ...rest], data } = given.feeds[given.steps]
  const width = rest.reduce((a, b) => a * b, 1)
  result.stepped = []
  for (let t = 0; t < steps; t++) {
    const part = []
    for (let b = 0; b < batch; b++) part.push(...data.slice((b * steps + t) * width, (b * steps + t + 1) * width))
    const outs = await session.run({ [given.steps]: tensor({ type, dims: [batch, 1, ...rest], data: part }), ...states })
    for (const name in states) states[name] = outs[name + '_out']
    result.stepped.push(Array.from(outs[given.output].data))
  }
  return result
}

(async () => {
  for (const dir of process.argv.slice(2)) {
    try {
      console.log(JSON.stringify(await run(dir)))
    } catch (e) {
      throw new Error(dir + ': ' + e.message)
    }
  }
})()
