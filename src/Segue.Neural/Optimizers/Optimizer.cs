using Segue.Neural.Autodiff;

namespace Segue.Neural.Optimizers;

/// <summary>Moves parameters against their gradients.</summary>
public abstract class Optimizer
{
    private readonly Parameter[] _parameters;

    /// <summary>An optimizer of some parameters.</summary>
    /// <param name="parameters">What is learned; names are unique.</param>
    /// <param name="learningRate">Step size, above 0.</param>
    /// <param name="weightDecay">Pull of every value to 0, at least 0; what it means is said by the optimizer.</param>
    /// <exception cref="ArgumentException">Two parameters have one name, or one is frozen.</exception>
    protected Optimizer(IEnumerable<Parameter> parameters, double learningRate, double weightDecay)
    {
        ArgumentNullException.ThrowIfNull(parameters);
        ArgumentOutOfRangeException.ThrowIfNegativeOrZero(learningRate);
        ArgumentOutOfRangeException.ThrowIfNegative(weightDecay);
        _parameters = [.. parameters];
        if (_parameters.GroupBy(p => p.Name).FirstOrDefault(g => g.Count() > 1) is { } twice)
        {
            throw new ArgumentException($"two parameters are called '{twice.Key}'; give every one a name of its own", nameof(parameters));
        }

        if (_parameters.FirstOrDefault(p => p.IsFrozen) is { } frozen)
        {
            throw new ArgumentException($"parameter '{frozen.Name}' is frozen; leave it out", nameof(parameters));
        }

        (LearningRate, WeightDecay) = (learningRate, weightDecay);
    }

    /// <summary>What is learned.</summary>
    public IReadOnlyList<Parameter> Parameters => _parameters;

    /// <summary>Step size; a schedule may change it between steps.</summary>
    public double LearningRate { get; set; }

    /// <summary>Pull of every value to 0.</summary>
    public double WeightDecay { get; }

    /// <summary>Largest length of the gradient of all parameters together: a longer one is scaled down to it. 0 for none.</summary>
    /// <remarks>Pascanu, Mikolov and Bengio, "On the difficulty of training recurrent neural networks", ICML 2013, algorithm 1.</remarks>
    public double ClipNorm { get; init; }

    /// <summary>Steps taken.</summary>
    public long Steps { get; set; }

    /// <summary>Takes one step with the gradients collected, and clears them. Parameters without a gradient stay.</summary>
    public void Step()
    {
        if (ClipNorm > 0)
        {
            double sum = 0;
            foreach (Parameter parameter in _parameters)
            {
                sum += parameter.SquaredGradient();
            }

            double norm = Math.Sqrt(sum);
            if (norm > ClipNorm)
            {
                foreach (Parameter parameter in _parameters)
                {
                    parameter.ScaleGradient((float)(ClipNorm / norm));
                }
            }
        }

        Steps++;
        for (int p = 0; p < _parameters.Length; p++)
        {
            if (_parameters[p].HasGradient)
            {
                Update(p, _parameters[p]);
                _parameters[p].ClearGradient();
            }
        }
    }

    /// <summary>What must be kept beside the parameters to go on exactly as before, by name.</summary>
    public abstract IEnumerable<KeyValuePair<string, float[]>> State { get; }

    /// <summary>Moves one parameter.</summary>
    /// <param name="index">Its place in <see cref="Parameters"/>.</param>
    /// <param name="parameter">It has a gradient.</param>
    protected abstract void Update(int index, Parameter parameter);
}
