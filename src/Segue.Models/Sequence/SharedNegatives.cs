using Segue.Neural.Losses;
using Segue.Numerics.Sampling;

namespace Segue.Models.Sequence;

/// <summary>Items drawn by popularity for a step, shared by all its plays: what a softmax over all items is estimated from.</summary>
/// <remarks>Drawn in proportion to plays^0.75 with replacement. The array is used again by the next step.</remarks>
internal sealed class SharedNegatives
{
    private const double Exponent = 0.75;

    private readonly AliasTable _table;
    private readonly float[] _logExpected;
    private readonly int[] _drawn, _starts = new int[2];
    private readonly float[] _drawnExpected;

    /// <summary>Draws nothing yet.</summary>
    /// <param name="itemCount">Plays of every item; at least one above 0.</param>
    /// <param name="count">Items drawn for a step.</param>
    public SharedNegatives(int[] itemCount, int count)
    {
        double[] weights = [.. itemCount.Select(c => Math.Pow(c, Exponent))];
        double total = weights.Sum();
        _table = new AliasTable(weights);
        _logExpected = [.. weights.Select(w => (float)Math.Log(count * w / total))];
        (_drawn, _drawnExpected) = (new int[count], new float[count]);
    }

    /// <summary>The candidates of a step.</summary>
    /// <param name="next">The right item of every row.</param>
    /// <param name="rng">Draws the others.</param>
    public Candidates Draw(ReadOnlyMemory<int> next, Rng rng)
    {
        for (int n = 0; n < _drawn.Length; n++)
        {
            _drawn[n] = _table.Draw(rng);
            _drawnExpected[n] = _logExpected[_drawn[n]];
        }

        _starts[1] = next.Length;
        return new Candidates(_starts, _drawn.Length, _drawn, next, _drawnExpected);
    }
}
