using System.Globalization;
using System.Numerics;
using Segue.Numerics;
using Segue.Numerics.Dense;

namespace Segue.Neural.Autodiff;

/// <summary>
/// Records operations on matrices in the order in which they are made, and runs them backwards to differentiate a loss: reverse-mode
/// automatic differentiation.
/// </summary>
/// <remarks>
/// <para>
/// Float32, row-major. One step of training is: make the loss from <see cref="Use"/> and <see cref="Constant(ReadOnlySpan{float}, int, int)"/>
/// through operations, <see cref="Backward"/>, an optimizer's step, <see cref="Reset"/>. Matrices and nodes are used again after a reset, so a step
/// of the same shape as the one before allocates nothing.
/// </para>
/// <para>
/// Results do not depend on <see cref="Threads"/>. Not thread-safe: one tape a thread. Time of <see cref="Backward"/>: about twice that of the
/// operations; memory: their results, and gradients only while they are needed.
/// Source: Griewank and Walther, "Evaluating Derivatives", SIAM, 2nd edition 2008, chapter 3.
/// </para>
/// </remarks>
public sealed class Tape
{
    private readonly List<Variable> _nodes = [];
    private readonly Dictionary<int, Stack<AlignedBuffer>> _pool = [];
    private int _count;

    /// <summary>An empty tape.</summary>
    /// <param name="threads">At most this many threads in one operation.</param>
    public Tape(int threads = 1)
    {
        ArgumentOutOfRangeException.ThrowIfNegativeOrZero(threads);
        Threads = threads;
    }

    /// <summary>At most this many threads in one operation.</summary>
    public int Threads { get; }

    /// <summary>Bytes of all matrices the tape ever needed at once.</summary>
    public long PooledBytes { get; private set; }

    /// <summary>A matrix without gradient; the values are copied.</summary>
    /// <exception cref="ArgumentException">The values do not fill rows × columns.</exception>
    public Variable Constant(ReadOnlySpan<float> values, int rows, int columns) => Input(values, rows, columns, needsGradient: false);

    /// <summary>A matrix whose gradient is wanted; the values are copied.</summary>
    /// <exception cref="ArgumentException">The values do not fill rows × columns.</exception>
    public Variable Input(ReadOnlySpan<float> values, int rows, int columns) => Input(values, rows, columns, needsGradient: true);

    /// <summary>A parameter; its gradient is added to <see cref="Parameter.Gradient"/>.</summary>
    public Variable Use(Parameter parameter)
    {
        ArgumentNullException.ThrowIfNull(parameter);
        Variable node = Next();
        node.SetParameter(parameter);
        return node;
    }

    /// <summary>Adds the gradient of <paramref name="loss"/> to every parameter and input it depends on.</summary>
    /// <exception cref="ArgumentException">The loss is not one value, is on another tape, or depends on nothing that is learned.</exception>
    /// <exception cref="OperationCanceledException">The <see cref="CancellationScope"/> was cancelled; gradients are incomplete.</exception>
    public void Backward(Variable loss)
    {
        ArgumentNullException.ThrowIfNull(loss);
        if (loss.Tape != this || loss.Count != 1)
        {
            throw new ArgumentException($"the loss is a {loss.Rows} × {loss.Columns} matrix; give one value of this tape", nameof(loss));
        }

        if (!loss.NeedsGradient)
        {
            throw new ArgumentException("the loss depends on no parameter and no input", nameof(loss));
        }

        loss.AddTo()[0] += 1f;
        for (int n = _count - 1; n >= 0; n--)
        {
            CancellationScope.Check();
            Variable node = _nodes[n];
            if (node.Backward is { } backward && node.HasGradient)
            {
                backward(node);
                node.ReleaseGradient();
            }
        }
    }

    /// <summary>Forgets all operations; every variable of the tape becomes invalid.</summary>
    public void Reset()
    {
        for (int n = 0; n < _count; n++)
        {
            _nodes[n].Clear();
        }

        _count = 0;
    }

    internal Variable Record(int rows, int columns, Action<Variable> backward, params ReadOnlySpan<Variable> inputs)
    {
        foreach (Variable input in inputs)
        {
            if (input.Tape != this)
            {
                throw new ArgumentException("an operation takes matrices of one tape; make them all on the same one");
            }
        }

        CancellationScope.Check();
        Shapes.RequireRoom(rows, columns);
        Variable node = Next();
        node.SetResult(rows, columns, backward, inputs);
        return node;
    }

    internal AlignedBuffer Rent(int count)
    {
        int size = SizeClass(count);
        if (_pool.TryGetValue(size, out Stack<AlignedBuffer>? free) && free.TryPop(out AlignedBuffer? buffer))
        {
            return buffer;
        }

        // Without this a machine that promises more memory than it has would end the process without a word.
        long bytes = PooledBytes + ((long)size * sizeof(float)), machine = GC.GetGCMemoryInfo().TotalAvailableMemoryBytes;
        if (machine > 0 && bytes > machine)
        {
            throw new MatrixRoomException(string.Create(
                CultureInfo.InvariantCulture, $"a step needs more than {bytes / 1e9:F1} GB, and this machine has {machine / 1e9:F1} GB"));
        }

        PooledBytes = bytes;
        return new AlignedBuffer(size);
    }

    internal void Return(AlignedBuffer buffer)
    {
        if (!_pool.TryGetValue(buffer.Length, out Stack<AlignedBuffer>? free))
        {
            _pool.Add(buffer.Length, free = new Stack<AlignedBuffer>());
        }

        free.Push(buffer);
    }

    /// <summary>The next of 16·{4, 5, 6, 7}·2ⁿ: batches of nearly equal size share buffers, at most a quarter is wasted.</summary>
    private static int SizeClass(int count)
    {
        if (count <= 64)
        {
            return 64;
        }

        int step = 1 << (BitOperations.Log2((uint)(count - 1)) - 2);
        return (int)Math.Min((((long)count + step - 1) / step) * step, Array.MaxLength - 16);
    }

    private Variable Input(ReadOnlySpan<float> values, int rows, int columns, bool needsGradient)
    {
        if (rows < 0 || columns < 0 || values.Length != (long)rows * columns)
        {
            throw new ArgumentException($"{values.Length} values do not fill a {rows} × {columns} matrix; give {(long)rows * columns}", nameof(values));
        }

        Variable node = Next();
        node.SetInput(rows, columns, needsGradient);
        values.CopyTo(node.Value);
        return node;
    }

    private Variable Next()
    {
        if (_count == _nodes.Count)
        {
            _nodes.Add(new Variable(this));
        }

        return _nodes[_count++];
    }
}
