using System.Globalization;
using Segue.Neural.Autodiff;
using Segue.Numerics.Sampling;
using Xunit;

namespace Segue.Neural.Tests.Autodiff;

/// <summary>Compares the gradients of an operation with central differences.</summary>
internal static class GradientCheck
{
    /// <summary>Checks every input of <paramref name="operation"/> at its values.</summary>
    /// <param name="operation">Takes the inputs, gives any matrix.</param>
    /// <param name="inputs">Shapes and values of the inputs.</param>
    /// <param name="step">Half the distance of the differences.</param>
    /// <param name="tolerance">Allowed error beside 1 + |gradient|.</param>
    public static void Run(Func<Variable[], Variable> operation, (int Rows, int Columns, float[] Values)[] inputs, float step = 1e-2f, double tolerance = 1e-2)
    {
        float[][] gradients = Gradients(operation, inputs);
        for (int i = 0; i < inputs.Length; i++)
        {
            for (int n = 0; n < inputs[i].Values.Length; n++)
            {
                double high = Value(operation, inputs, i, n, step), low = Value(operation, inputs, i, n, -step);
                double expected = (high - low) / (2.0 * step), actual = gradients[i][n];
                Assert.True(
                    Math.Abs(expected - actual) <= tolerance * (1 + Math.Abs(expected)),
                    string.Create(CultureInfo.InvariantCulture, $"input {i} ({inputs[i].Rows} × {inputs[i].Columns}), element {n}: gradient {actual}, difference {expected}"));
            }
        }
    }

    /// <summary>The gradients of Σ c ∘ operation for fixed random c, so that no element can hide behind another.</summary>
    private static float[][] Gradients(Func<Variable[], Variable> operation, (int Rows, int Columns, float[] Values)[] inputs)
    {
        var tape = new Tape(2);
        Variable[] variables = [.. inputs.Select(i => tape.Input(i.Values, i.Rows, i.Columns))];
        Variable result = operation(variables);
        tape.Backward(result.Multiply(tape.Constant(Mix(result), result.Rows, result.Columns)).Sum());
        return [.. variables.Select((v, i) => inputs[i].Values.Length == 0 || !v.NeedsGradient ? [] : v.Gradient.ToArray())];
    }

    private static double Value(Func<Variable[], Variable> operation, (int Rows, int Columns, float[] Values)[] inputs, int input, int element, float change)
    {
        var tape = new Tape();
        Variable[] variables = [.. inputs.Select((x, i) =>
        {
            float[] values = [.. x.Values];
            if (i == input)
            {
                values[element] += change;
            }

            return tape.Input(values, x.Rows, x.Columns);
        })];
        Variable result = operation(variables);
        float[] mix = Mix(result);
        double sum = 0;
        for (int n = 0; n < mix.Length; n++)
        {
            sum += (double)mix[n] * result.Value[n];
        }

        return sum;
    }

    private static float[] Mix(Variable result)
    {
        var mix = new float[result.Count];
        new Rng(7, "mix").FillGaussian(mix, 1f);
        return mix;
    }
}
