using System.Globalization;
using Segue.Neural.Autodiff;
using Segue.Numerics.Sampling;
using Xunit;

namespace Segue.Neural.Tests.Autodiff;

/// <summary>Compares the gradients of an operation with central differences.</summary>
internal static class GradientCheck
{
    /// <summary>
    /// Checks every input of <paramref name="operation"/> at its values; then that gradients add up where the operation is used twice, and that
    /// those of the other inputs keep their bits where one input needs none.
    /// </summary>
    /// <param name="operation">Takes the inputs, gives any matrix; called many times, so it must do the same every time.</param>
    /// <param name="inputs">Shapes and values of the inputs.</param>
    /// <param name="step">The differences reach two steps to each side; no kink may be that near.</param>
    /// <param name="tolerance">Allowed error beside 1 + |gradient|.</param>
    public static void Run(
        Func<Variable[], Variable> operation, (int Rows, int Columns, float[] Values)[] inputs, float step = 0.03f, double tolerance = 1e-3)
    {
        float[][] gradients = Gradients(operation, inputs, -1);
        for (int i = 0; i < inputs.Length; i++)
        {
            for (int n = 0; n < inputs[i].Values.Length; n++)
            {
                // Two differences, extrapolated to distance 0: the error of either is third order, of both together fifth.
                double expected = ((8 * Difference(operation, inputs, i, n, step)) - Difference(operation, inputs, i, n, 2 * step)) / (12 * (double)step);
                double actual = gradients[i][n];
                Assert.True(
                    Math.Abs(expected - actual) <= tolerance * (1 + Math.Abs(expected)),
                    string.Create(CultureInfo.InvariantCulture, $"input {i} ({inputs[i].Rows} × {inputs[i].Columns}), element {n}: gradient {actual}, difference {expected}"));
            }
        }

        float[][] twice = Gradients(v => operation(v).Add(operation(v)), inputs, -1);
        for (int i = 0; i < inputs.Length; i++)
        {
            Numbers.Close(Array.ConvertAll(gradients[i], g => 2.0 * g), twice[i], 1e-4, $"used twice, input {i}:");
        }

        for (int constant = 0; constant < inputs.Length && inputs.Length > 1; constant++)
        {
            float[][] others = Gradients(operation, inputs, constant);
            for (int i = 0; i < inputs.Length; i++)
            {
                Numbers.SameBits(i == constant ? [] : gradients[i], others[i], $"input {constant} constant, input {i}:");
            }
        }
    }

    /// <summary>The gradients of Σ c ∘ operation for fixed random c, so that no element can hide behind another.</summary>
    private static float[][] Gradients(Func<Variable[], Variable> operation, (int Rows, int Columns, float[] Values)[] inputs, int constant)
    {
        var tape = new Tape(2);
        Variable[] variables = [.. inputs.Select((x, i) => i == constant ? tape.Constant(x.Values, x.Rows, x.Columns) : tape.Input(x.Values, x.Rows, x.Columns))];
        Variable result = operation(variables);
        tape.Backward(result.Multiply(tape.Constant(Mix(result), result.Rows, result.Columns)).Sum());
        if (constant >= 0)
        {
            Assert.False(variables[constant].NeedsGradient);
            Assert.Throws<InvalidOperationException>(() => { _ = variables[constant].Gradient; });
        }

        return [.. variables.Select((v, i) => i == constant ? [] : v.Gradient.ToArray())];
    }

    private static double Difference(
        Func<Variable[], Variable> operation, (int Rows, int Columns, float[] Values)[] inputs, int input, int element, float change) =>
        Value(operation, inputs, input, element, change) - Value(operation, inputs, input, element, -change);

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
