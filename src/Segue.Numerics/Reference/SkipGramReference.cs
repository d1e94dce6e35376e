namespace Segue.Numerics.Reference;

/// <summary>Skip-gram with negative sampling written as the formula is: the slow twin of <see cref="Embedding.SkipGram"/>.</summary>
public static class SkipGramReference
{
    /// <summary>
    /// The steps of one centre: for every context w, rate · gradient of ln σ(a_w · b_0) + Σ_{k ≥ 1} ln σ(−a_w · b_k), all taken at the same vectors.
    /// </summary>
    /// <param name="contexts">a_w.</param>
    /// <param name="outputs">b_0, the centre, and the negatives b_k.</param>
    /// <param name="rate">Step size.</param>
    public static (double[][] Contexts, double[][] Outputs) Window(double[][] contexts, double[][] outputs, double rate)
    {
        ArgumentNullException.ThrowIfNull(contexts);
        ArgumentNullException.ThrowIfNull(outputs);
        double[][] contextSteps = Array.ConvertAll(contexts, a => new double[a.Length]);
        double[][] outputSteps = Array.ConvertAll(outputs, b => new double[b.Length]);
        for (int w = 0; w < contexts.Length; w++)
        {
            for (int k = 0; k < outputs.Length; k++)
            {
                double product = 0;
                for (int i = 0; i < contexts[w].Length; i++)
                {
                    product += contexts[w][i] * outputs[k][i];
                }

                double error = (k == 0 ? 1 : 0) - (1 / (1 + Math.Exp(-product)));
                for (int i = 0; i < contexts[w].Length; i++)
                {
                    contextSteps[w][i] += rate * error * outputs[k][i];
                    outputSteps[k][i] += rate * error * contexts[w][i];
                }
            }
        }

        return (contextSteps, outputSteps);
    }
}
