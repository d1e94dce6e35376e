using Segue.Neural.Autodiff;
using Segue.Neural.Layers;
using Segue.Numerics.Sampling;

namespace Segue.Benchmarks;

/// <summary>A recurrent layer forwards and back through time.</summary>
public sealed class RecurrenceTiming : IWholeTiming
{
    public string Name => "gru";

    public string Summary => "forward + backward of a GRU and an LSTM over packed sequences (batch=128, steps=50, size=64)";

    public void Run(WholeContext context)
    {
        ArgumentNullException.ThrowIfNull(context);
        int batch = context.Setting("batch", 128), steps = context.Setting("steps", 50), size = context.Setting("size", 64);
        var rng = new Rng(1, "bench");
        var x = new float[batch * steps * size];
        rng.FillGaussian(x, 1f);
        int[] starts = [.. Enumerable.Range(0, batch + 1).Select(s => s * steps)];
        var gru = new Gru("gru", size, size, rng);
        var lstm = new Lstm("lstm", size, size, rng);
        var tape = new Tape(context.Threads);
        double product = 2.0 * batch * steps * size * size;
        Time("GRU", gru.Parameters, v => gru.Apply(v, starts), 3 * 6 * product);
        Time("LSTM", lstm.Parameters, v => lstm.Apply(v, starts), 4 * 6 * product);

        void Time(string what, IEnumerable<Parameter> parameters, Func<Variable, Variable> layer, double operations)
        {
            Forward();
            Both();
            context.Time($"{what}, forward", Forward, operations / 3);
            context.Time($"{what}, forward + backward", Both, operations);

            void Forward()
            {
                tape.Reset();
                layer(tape.Input(x, batch * steps, size));
            }

            void Both()
            {
                tape.Reset();
                tape.Backward(layer(tape.Input(x, batch * steps, size)).Sum());
                foreach (Parameter parameter in parameters)
                {
                    parameter.ClearGradient();
                }
            }
        }
    }
}
