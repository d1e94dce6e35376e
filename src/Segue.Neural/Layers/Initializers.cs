using Segue.Neural.Autodiff;
using Segue.Numerics;
using Segue.Numerics.Sampling;

namespace Segue.Neural.Layers;

/// <summary>First values of parameters.</summary>
public static class Initializers
{
    /// <summary>N(0, deviation²).</summary>
    public static Parameter Gaussian(this Parameter parameter, Rng rng, float deviation)
    {
        ArgumentNullException.ThrowIfNull(parameter);
        ArgumentNullException.ThrowIfNull(rng);
        rng.FillGaussian(parameter.Value, deviation);
        return parameter;
    }

    /// <summary>Uniform on ±√(6 / (rows + columns)) (Glorot and Bengio, AISTATS 2010, eq. 16).</summary>
    public static Parameter GlorotUniform(this Parameter parameter, Rng rng)
    {
        ArgumentNullException.ThrowIfNull(parameter);
        return Uniform(parameter, rng, MathF.Sqrt(6f / Math.Max(1, parameter.Rows + parameter.Columns)));
    }

    /// <summary>Uniform on ±√(6 / rows) for a layer with rows inputs and rectified outputs (He et al., ICCV 2015, eq. 10).</summary>
    public static Parameter HeUniform(this Parameter parameter, Rng rng)
    {
        ArgumentNullException.ThrowIfNull(parameter);
        return Uniform(parameter, rng, MathF.Sqrt(6f / Math.Max(1, parameter.Rows)));
    }

    /// <summary>Uniform on ±limit.</summary>
    public static Parameter Uniform(this Parameter parameter, Rng rng, float limit)
    {
        ArgumentNullException.ThrowIfNull(parameter);
        ArgumentNullException.ThrowIfNull(rng);
        Span<float> values = parameter.Value;
        for (int n = 0; n < values.Length; n++)
        {
            CancellationScope.CheckAt(n);
            values[n] = ((2f * rng.NextSingle()) - 1f) * limit;
        }

        return parameter;
    }

    /// <summary>The same value everywhere.</summary>
    public static Parameter Constant(this Parameter parameter, float value)
    {
        ArgumentNullException.ThrowIfNull(parameter);
        parameter.Value.Fill(value);
        return parameter;
    }
}
