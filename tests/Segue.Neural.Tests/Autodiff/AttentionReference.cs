using Segue.Neural.Autodiff;
using Segue.Numerics.Sparse;

namespace Segue.Neural.Tests.Autodiff;

/// <summary>The slow twin of <see cref="Attention"/>: entry by entry and head by head in double precision, every attention kept.</summary>
internal sealed class AttentionReference
{
    private readonly CsrMatrix _places;
    private readonly int _heads, _inputs, _outputs;
    private readonly float[] _states, _mix;
    private readonly double[] _attention, _kept, _leaky;

    /// <param name="places">Who hears whom.</param>
    /// <param name="heads">Heads.</param>
    /// <param name="inputs">Numbers of receivers and senders, states, mixing matrix and bias.</param>
    /// <param name="slope">Of the leaky rectifier.</param>
    /// <param name="keeps">True where the attention of an entry (first) and head (second) is not dropped.</param>
    /// <param name="scale">What the attentions that stay grow by.</param>
    public AttentionReference(
        CsrMatrix places, int heads, (float[] Receivers, float[] Senders, float[] States, float[] Mix, float[] Bias) inputs, double slope,
        Func<int, int, bool> keeps, double scale)
    {
        (_places, _heads, _states, _mix) = (places, heads, inputs.States, inputs.Mix);
        (_inputs, _outputs) = (_mix.Length / heads / Math.Max(1, inputs.Bias.Length), inputs.Bias.Length);
        _attention = new double[places.Count * heads];
        (_kept, _leaky) = (new double[_attention.Length], new double[_attention.Length]);
        Value = new double[places.Rows * _outputs];
        for (int r = 0; r < places.Rows; r++)
        {
            for (int m = 0; m < heads; m++)
            {
                double sum = 0;
                for (int n = places.RowStart[r]; n < places.RowStart[r + 1]; n++)
                {
                    // In single precision, so that it is on the same side of 0.
                    double z = inputs.Receivers[(r * heads) + m] + inputs.Senders[(places.ColumnIndex[n] * heads) + m];
                    _leaky[(n * heads) + m] = z > 0 ? 1 : slope;
                    sum += _attention[(n * heads) + m] = Math.Exp(z > 0 ? z : slope * z);
                }

                for (int n = places.RowStart[r]; n < places.RowStart[r + 1]; n++)
                {
                    int at = (n * heads) + m;
                    _attention[at] /= sum;
                    _kept[at] = keeps(n, m) ? scale : 0;
                    Add(m, places.ColumnIndex[n], (i, o, c) => Value[(r * _outputs) + o] += _attention[at] * _kept[at] * _states[i] * _mix[c]);
                }
            }

            for (int o = 0; o < _outputs; o++)
            {
                Value[(r * _outputs) + o] += inputs.Bias[o];
            }
        }
    }

    /// <summary>The result.</summary>
    public double[] Value { get; }

    /// <summary>Gradients of receivers, senders, states, mixing matrix and bias where that of the result is <paramref name="gradient"/>.</summary>
    public double[][] Gradients(ReadOnlyMemory<float> gradient)
    {
        double[] receivers = new double[_places.Rows * _heads], senders = new double[_places.Columns * _heads], states = new double[_states.Length];
        double[] mix = new double[_mix.Length], bias = new double[_outputs], slopes = new double[_attention.Length];
        for (int r = 0; r < _places.Rows; r++)
        {
            float[] own = gradient.Slice(r * _outputs, _outputs).ToArray();
            for (int o = 0; o < _outputs; o++)
            {
                bias[o] += own[o];
            }

            for (int m = 0; m < _heads; m++)
            {
                double mean = 0;
                for (int n = _places.RowStart[r]; n < _places.RowStart[r + 1]; n++)
                {
                    int at = (n * _heads) + m;
                    Add(m, _places.ColumnIndex[n], (i, o, c) =>
                    {
                        states[i] += _attention[at] * _kept[at] * own[o] * _mix[c];
                        mix[c] += _attention[at] * _kept[at] * own[o] * _states[i];
                        slopes[at] += _kept[at] * own[o] * _states[i] * _mix[c];
                    });
                    mean += _attention[at] * slopes[at];
                }

                for (int n = _places.RowStart[r]; n < _places.RowStart[r + 1]; n++)
                {
                    int at = (n * _heads) + m;
                    double slope = _attention[at] * (slopes[at] - mean) * _leaky[at];
                    receivers[(r * _heads) + m] += slope;
                    senders[(_places.ColumnIndex[n] * _heads) + m] += slope;
                }
            }
        }

        return [receivers, senders, states, mix, bias];
    }

    /// <summary>Every pair of a column of a sender's state and an output: their places among the states, outputs and mixing matrix.</summary>
    private void Add(int head, int sender, Action<int, int, int> add)
    {
        for (int i = 0; i < _inputs; i++)
        {
            for (int o = 0; o < _outputs; o++)
            {
                add((sender * _inputs) + i, o, (((head * _inputs) + i) * _outputs) + o);
            }
        }
    }
}
