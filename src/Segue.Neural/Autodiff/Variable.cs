using System.Runtime.CompilerServices;
using Segue.Numerics.Dense;

namespace Segue.Neural.Autodiff;

/// <summary>A matrix on a <see cref="Tape"/>: the result of an operation, an input or a parameter in use.</summary>
/// <remarks>Valid until <see cref="Tape.Reset"/>; the object is used again after that.</remarks>
public sealed class Variable
{
    private AlignedBuffer? _value, _gradient;
    private Variable?[] _inputs = [];
    private int _inputCount;
    private bool _hasGradient;

    internal Variable(Tape tape) => Tape = tape;

    /// <summary>The tape it is on.</summary>
    public Tape Tape { get; }

    /// <summary>Rows.</summary>
    public int Rows { get; private set; }

    /// <summary>Columns.</summary>
    public int Columns { get; private set; }

    /// <summary>Number of values.</summary>
    public int Count => Rows * Columns;

    /// <summary>True where a loss can have a gradient with respect to it.</summary>
    public bool NeedsGradient { get; private set; }

    /// <summary>The values, row after row.</summary>
    public Span<float> Value => _value!.Span[..Count];

    /// <summary>The only value of a 1 × 1 matrix.</summary>
    /// <exception cref="InvalidOperationException">The matrix has another size.</exception>
    public float Scalar => Count == 1
        ? Value[0]
        : throw new InvalidOperationException($"a {Rows} × {Columns} matrix is not one value; take its Sum or Mean first");

    /// <summary>
    /// The gradient of the loss after <see cref="Tape.Backward"/>, row after row; kept for inputs and parameters, released for results of
    /// operations.
    /// </summary>
    /// <exception cref="InvalidOperationException">There is none: no loss was differentiated, or it does not depend on this matrix.</exception>
    public ReadOnlySpan<float> Gradient => HasGradient
        ? (Parameter is { } parameter ? parameter.Gradient : _gradient!.Span[..Count])
        : throw new InvalidOperationException($"this {Rows} × {Columns} matrix has no gradient; call Tape.Backward on a loss that depends on it");

    internal bool HasGradient => Parameter?.HasGradient ?? _hasGradient;

    internal Parameter? Parameter { get; private set; }

    /// <summary>What the operation was made from.</summary>
    internal ReadOnlySpan<Variable> Inputs => _inputs.AsSpan(0, _inputCount)!;

    internal Variable? First => Input(0);

    internal Variable? Second => Input(1);

    internal Variable? Third => Input(2);

    /// <summary>Adds what this matrix's gradient means for the inputs to theirs; null for inputs and parameters.</summary>
    internal Action<Variable>? Backward { get; private set; }

    /// <summary>Whatever the operation must remember: indices, a sparse matrix, numbers, a buffer.</summary>
    internal ReadOnlyMemory<int> Indices { get; set; }

    internal ReadOnlyMemory<int> Starts { get; set; }

    internal ReadOnlyMemory<float> Weights { get; set; }

    internal object? Extra { get; set; }

    internal AlignedBuffer? Saved { get; set; }

    internal float Factor { get; set; }

    internal int Offset { get; set; }

    /// <summary>The gradient as the operation's backward pass reads it.</summary>
    internal ReadOnlySpan<float> OutputGradient => _gradient!.Span[..Count];

    /// <summary>The gradient to add to; zeros where nothing was added yet.</summary>
    internal Span<float> AddTo()
    {
        Span<float> target = WriteTo(out bool add);
        if (!add)
        {
            target.Clear();
        }

        return target;
    }

    /// <summary>The gradient to add to, or where <paramref name="add"/> is false to be written whole.</summary>
    internal Span<float> WriteTo(out bool add)
    {
        if (Parameter is { } parameter)
        {
            return parameter.TouchAll(out add);
        }

        add = _hasGradient;
        if (!_hasGradient)
        {
            _gradient = Tape.Rent(Count);
            _hasGradient = true;
        }

        return _gradient!.Span[..Count];
    }

    /// <summary>The gradient to add to at some rows only.</summary>
    internal Span<float> AddToRows(ReadOnlySpan<int> rows)
    {
        if (Parameter is { } parameter)
        {
            parameter.Touch(rows);
            return parameter.Gradient;
        }

        return AddTo();
    }

    /// <summary>Row of the values.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    internal Span<float> Row(int index) => _value!.Span.Slice(index * Columns, Columns);

    internal void SetInput(int rows, int columns, bool needsGradient)
    {
        (Rows, Columns, NeedsGradient) = (rows, columns, needsGradient);
        _value = Tape.Rent(Count);
    }

    internal void SetParameter(Parameter parameter)
    {
        (Rows, Columns, NeedsGradient, Parameter) = (parameter.Rows, parameter.Columns, !parameter.IsFrozen, parameter);
        _value = parameter.ValueBuffer;
    }

    internal void SetResult(int rows, int columns, Action<Variable> backward, ReadOnlySpan<Variable> inputs)
    {
        (Rows, Columns, _inputCount) = (rows, columns, inputs.Length);
        if (_inputs.Length < inputs.Length)
        {
            _inputs = new Variable?[inputs.Length];
        }

        inputs.CopyTo(_inputs!);
        NeedsGradient = false;
        foreach (Variable input in inputs)
        {
            NeedsGradient |= input.NeedsGradient;
        }

        Backward = NeedsGradient ? backward : null;
        _value = Tape.Rent(Count);
    }

    internal void ReleaseGradient()
    {
        if (_gradient is { } gradient)
        {
            Tape.Return(gradient);
        }

        _gradient = null;
        _hasGradient = false;
    }

    internal void Clear()
    {
        ReleaseGradient();
        if (Parameter is null && _value is { } value)
        {
            Tape.Return(value);
        }

        if (Saved is { } saved)
        {
            Tape.Return(saved);
        }

        Array.Clear(_inputs);
        (_value, Saved, Parameter, _inputCount, Backward, Extra) = (null, null, null, 0, null, null);
        (Indices, Starts, Weights) = (default, default, default);
    }

    private Variable? Input(int place) => place < _inputCount ? _inputs[place] : null;
}
