using System.Numerics.Tensors;
using Segue.Neural.Autodiff;

namespace Segue.Neural.Optimizers;

/// <summary>Stochastic gradient descent with momentum.</summary>
/// <remarks>
/// g ← g + λ w; v ← μ v + g (v = g in the first step); w ← w − η v. In a row-sparse parameter only touched rows move and decay.
/// Polyak, "Some methods of speeding up the convergence of iteration methods", 1964, in the form deep-learning libraries use.
/// </remarks>
public sealed class Sgd : Optimizer
{
    private readonly double _momentum;
    private readonly float[][] _velocity;

    /// <summary>Descent.</summary>
    /// <param name="parameters">What is learned.</param>
    /// <param name="learningRate">η.</param>
    /// <param name="momentum">μ, from 0 to below 1.</param>
    /// <param name="weightDecay">λ, added to the gradient.</param>
    public Sgd(IEnumerable<Parameter> parameters, double learningRate, double momentum = 0, double weightDecay = 0)
        : base(parameters, learningRate, weightDecay)
    {
        ArgumentOutOfRangeException.ThrowIfNegative(momentum);
        ArgumentOutOfRangeException.ThrowIfGreaterThanOrEqual(momentum, 1.0);
        _momentum = momentum;
        _velocity = [.. Parameters.Select(p => momentum > 0 ? new float[p.Value.Length] : [])];
    }

    /// <inheritdoc/>
    public override IEnumerable<KeyValuePair<string, float[]>> State =>
        Parameters.Zip(_velocity, (p, v) => new KeyValuePair<string, float[]>($"{p.Name}.velocity", v)).Where(s => s.Value.Length > 0);

    /// <inheritdoc/>
    protected override void Update(int index, Parameter parameter)
    {
        ArgumentNullException.ThrowIfNull(parameter);
        if (!parameter.IsRowSparse)
        {
            Update(parameter.Value, parameter.Gradient, _velocity[index], parameter.RateFactor);
            return;
        }

        int columns = parameter.Columns;
        foreach (int row in parameter.TouchedRows)
        {
            int start = row * columns;
            Update(
                parameter.Value.Slice(start, columns), parameter.Gradient.Slice(start, columns),
                _momentum > 0 ? _velocity[index].AsSpan(start, columns) : [], parameter.RateFactor);
        }
    }

    private void Update(Span<float> value, Span<float> gradient, Span<float> velocity, double factor)
    {
        if (WeightDecay > 0)
        {
            TensorPrimitives.MultiplyAdd(value, (float)WeightDecay, gradient, gradient);
        }

        Span<float> move = gradient;
        if (_momentum > 0)
        {
            TensorPrimitives.MultiplyAdd(velocity, (float)_momentum, gradient, velocity);
            move = velocity;
        }

        TensorPrimitives.MultiplyAdd(move, (float)-(LearningRate * factor), value, value);
    }
}
