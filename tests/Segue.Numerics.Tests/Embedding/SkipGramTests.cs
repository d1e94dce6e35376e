using System.Numerics.Tensors;
using Segue.Numerics.Dense;
using Segue.Numerics.Embedding;
using Segue.Numerics.Reference;
using Segue.Numerics.Sampling;
using Xunit;

namespace Segue.Numerics.Tests.Embedding;

public sealed unsafe class SkipGramTests
{
    public static TheoryData<SimdPath> Paths => [.. SimdPaths.Supported];

    [Theory]
    [MemberData(nameof(Paths))]
    public void A_window_steps_as_the_formula_says(SimdPath path)
    {
        foreach ((int count, int used, int size) in new[] { (2, 1, 16), (3, 6, 16), (7, 2, 48), (21, 6, 64), (20, 11, 32) })
        {
            var rng = new Rng(1, $"{count}/{used}/{size}");
            int padded = SkipGramWindow.Padded(used), skip = rng.Next(count);
            AlignedBuffer contexts = new(count * size), outputs = new(padded * size), steps = new(count * size), outputSteps = new(padded * size);
            var errors = new AlignedBuffer((count + 1) * padded);
            rng.FillGaussian(contexts.Span, 0.7f);
            rng.FillGaussian(outputs.Slice(0, used * size), 0.7f);
            steps.Span.Fill(1);
            outputSteps.Span.Fill(float.NaN);
            float*[] from = new float*[padded], to = new float*[padded];
            for (int k = 0; k < padded; k++)
            {
                from[k] = outputs.Pointer + (k * size);
                to[k] = outputSteps.Pointer + (k * size);
            }

            double[][] a = Rows(contexts, count, size), b = Rows(outputs, used, size);
            AlignedBuffer norms = new(count), contextForce = new(count), outputForce = new(padded);
            for (int n = 0; n < count; n++)
            {
                norms.Span[n] = (float)a[n].Sum(x => x * x);
            }

            fixed (float** pointers = from, targets = to)
            {
                SkipGramWindow.Run(
                    path, contexts.Pointer, count, skip, pointers, used, size, 0.1f, errors.Pointer, steps.Pointer, targets, norms.Pointer, contextForce.Pointer, outputForce.Pointer);
            }

            double[,] force = new double[count, used];
            for (int n = 0; n < count; n++)
            {
                for (int k = 0; k < used; k++)
                {
                    double product = Enumerable.Range(0, size).Sum(i => a[n][i] * b[k][i]);
                    force[n, k] = n == skip ? 0 : 0.1 * Math.Abs((k == 0 ? 1 : 0) - (1 / (1 + Math.Exp(-product))));
                }
            }

            Assert.All(Enumerable.Range(0, count), n => Assert.Equal(
                Enumerable.Range(0, used).Sum(k => force[n, k] * b[k].Sum(x => x * x)), contextForce.Span[n], 1e-4));
            Assert.All(Enumerable.Range(0, used), k => Assert.Equal(
                Enumerable.Range(0, count).Sum(n => force[n, k] * a[n].Sum(x => x * x)), outputForce.Span[k], 1e-4));
            (double[][] expected, double[][] expectedOutputs) = SkipGramReference.Window([.. a.Where((_, n) => n != skip)], Rows(outputs, used, size), 0.1);
            double[][] found = Rows(steps, count, size), foundOutputs = Rows(outputSteps, used, size);
            Assert.All(found[skip], x => Assert.Equal(1, x));
            Close(expected, [.. found.Where((_, n) => n != skip)], 1);
            Close(expectedOutputs, foundOutputs, 0);
        }
    }

    [Fact]
    public void Many_passes_come_to_the_known_optimum()
    {
        // Sentences of two words, so that every pair can be counted. Where a_w · b_x is free, σ(a_w · b_x) is the share of (w, x) among what is seen and what is drawn:
        // Levy and Goldberg, NIPS 2014, eq. 7, with negatives that are the centre left out.
        const int Words = 5, Negatives = 3;
        var rng = new Rng(3, "pairs");
        int[][] sentences = [.. Enumerable.Range(0, 3000).Select(_ => new[] { rng.Next(Words), rng.Next(Words) })];
        for (int n = 0; n < sentences.Length; n += 2)
        {
            sentences[n][1] = (sentences[n][0] + 1) % Words;
        }

        var settings = new SkipGramSettings { Size = 16, Window = 1, Negatives = Negatives, Epochs = 60, LearningRate = 0.05 };
        SkipGram model = SkipGram.Train(new Listed(sentences), Words, settings, 1, "test", cancellation: TestContext.Current.CancellationToken);
        Assert.Equal(60L * 2 * sentences.Length, model.Pairs);
        var seen = new double[Words, Words];
        foreach (int[] s in sentences)
        {
            seen[s[0], s[1]]++;
            seen[s[1], s[0]]++;
        }

        double[] share = [.. Enumerable.Range(0, Words).Select(w => Math.Pow(model.Counts.Span[w], 0.75))];
        for (int w = 0; w < Words; w++)
        {
            double all = Enumerable.Range(0, Words).Sum(x => seen[w, x]);
            for (int x = 0; x < Words; x++)
            {
                double expected = Math.Log(seen[w, x] / (Negatives * share[x] / share.Sum() * (all - seen[w, x])));
                Assert.Equal(expected, TensorPrimitives.Dot(model.Input(w), model.Output(x)), 0.12);
            }
        }
    }

    [Theory]
    [InlineData(0)]
    [InlineData(0.002)]
    public void The_number_of_threads_changes_no_bit(double subsampling)
    {
        Listed sentences = Communities(60, 600);
        var settings = new SkipGramSettings { Size = 20, Window = 4, Subsampling = subsampling, MinCount = 2, Epochs = 2 };
        SkipGram one = SkipGram.Train(sentences, 61, settings, 1, "test", 1, cancellation: TestContext.Current.CancellationToken);
        SkipGram four = SkipGram.Train(sentences, 61, settings, 1, "test", 4, cancellation: TestContext.Current.CancellationToken);
        SkipGram other = SkipGram.Train(sentences, 61, settings, 2, "test", 1, cancellation: TestContext.Current.CancellationToken);
        Assert.Equal(one.Pairs, four.Pairs);
        for (int w = 0; w < 61; w++)
        {
            Assert.Equal(one.Input(w), four.Input(w));
            Assert.Equal(one.Output(w), four.Output(w));
            Assert.False(one.Input(w).SequenceEqual(other.Input(w)));
        }

        // Nobody says the last word.
        Assert.All(one.Output(60).ToArray(), x => Assert.Equal(0, x));
    }

    [Theory]
    [InlineData(0.1, 30)]
    [InlineData(0.5, 100)]
    public void A_few_words_again_and_again_at_a_high_rate_do_not_grow_without_end(double rate, double longest)
    {
        var rng = new Rng(6, "few");
        var sentences = new Listed([.. Enumerable.Range(0, 2000).Select(_ => Enumerable.Range(0, 60).Select(_ => rng.Next(4)).ToArray())]);
        var settings = new SkipGramSettings { Size = 8, Window = 10, LearningRate = rate };
        SkipGram model = SkipGram.Train(sentences, 4, settings, 1, "test", 2, cancellation: TestContext.Current.CancellationToken);
        for (int w = 0; w < 4; w++)
        {
            Assert.InRange(TensorPrimitives.Norm(model.Input(w)), 0, longest);
            Assert.InRange(TensorPrimitives.Norm(model.Output(w)), 0, longest);
        }
    }

    [Fact]
    public void Words_of_the_same_places_have_alike_vectors()
    {
        var settings = new SkipGramSettings { Size = 16, Window = 5, Epochs = 10, LearningRate = 0.05 };
        SkipGram model = SkipGram.Train(Communities(60, 1500), 60, settings, 1, "test", 2, cancellation: TestContext.Current.CancellationToken);
        double within = 0, between = 0;
        for (int a = 0; a < 60; a++)
        {
            for (int b = 0; b < 60; b++)
            {
                double cosine = TensorPrimitives.CosineSimilarity(model.Input(a), model.Input(b));
                within += a != b && a % 3 == b % 3 ? cosine / (60 * 19) : 0;
                between += a % 3 != b % 3 ? cosine / (60 * 40) : 0;
            }
        }

        Assert.True(within > between + 0.5, $"{within:F3} within, {between:F3} between");
    }

    [Fact]
    public void Subsampling_and_a_least_count_leave_words_out()
    {
        Listed sentences = Communities(60, 600);
        long all = Pairs(new SkipGramSettings { Size = 4, Window = 3 }), rare = Pairs(new SkipGramSettings { Size = 4, Window = 3, MinCount = 100 });
        long some = Pairs(new SkipGramSettings { Size = 4, Window = 3, Subsampling = 0.0005 }), none = Pairs(new SkipGramSettings { Size = 4, Window = 3, MinCount = 1_000_000 });
        Assert.True(some < all && rare < all && none == 0 && some > 0 && rare > 0, $"{all} {some} {rare} {none}");

        long Pairs(SkipGramSettings settings) =>
            SkipGram.Train(sentences, 60, settings, 1, "test", cancellation: TestContext.Current.CancellationToken).Pairs;
    }

    [Fact]
    public void Sentences_of_no_and_one_word_and_no_sentences_train_nothing()
    {
        var settings = new SkipGramSettings { Size = 4 };
        Assert.Equal(0, SkipGram.Train(new Listed([[], [1], []]), 2, settings, 1, "test", cancellation: TestContext.Current.CancellationToken).Pairs);
        Assert.Equal(0, SkipGram.Train(new Listed([]), 2, settings, 1, "test", cancellation: TestContext.Current.CancellationToken).Pairs);
        Assert.ThrowsAny<ArgumentException>(() => SkipGram.Train(new Listed([[0, 2]]), 2, settings, 1, "test"));
        Assert.ThrowsAny<ArgumentException>(() => SkipGram.Train(new Listed([[0, 1]]), 2, settings with { Window = 0 }, 1, "test"));
    }

    [Fact]
    public void Who_looks_on_is_told_of_every_part_and_changes_no_bit()
    {
        Listed sentences = Communities(60, 1000);
        var settings = new SkipGramSettings { Size = 16, Window = 4, Epochs = 6, LearningRate = 0.05 };
        SkipGram alone = SkipGram.Train(sentences, 60, settings, 1, "test", 2, cancellation: TestContext.Current.CancellationToken);
        (List<double> losses, List<long> pairs, SkipGram watched) = Watch(threads: 1);
        for (int w = 0; w < 60; w++)
        {
            Assert.Equal(alone.Input(w), watched.Input(w));
            Assert.Equal(alone.Output(w), watched.Output(w));
        }

        // At first outputs are zeros and every chance is ½: a context and five negatives but those that are the centre.
        Assert.Equal(12, losses.Count);
        Assert.InRange(losses[0], 2, 6 * Math.Log(2));
        Assert.True(losses[^1] < losses[0] - 0.3 && losses.Zip(losses.Skip(2)).All(l => l.Second < l.First + 0.02), string.Join(' ', losses));
        Assert.All(pairs.Select((p, n) => (double)p / alone.Pairs * 12 / (n + 1)), share => Assert.InRange(share, 0.9, 1.1));
        Assert.Equal(alone.Pairs, pairs[^1]);
        Assert.Equal(losses, Watch(threads: 3).Losses);
        Assert.All(Watch(withLoss: false).Losses, l => Assert.True(double.IsNaN(l)));

        (losses, pairs, watched) = Watch(last: 4);
        Assert.Equal((4, pairs[3]), (losses.Count, watched.Pairs));
        Assert.True(watched.Pairs < 0.4 * alone.Pairs);
        Assert.False(watched.Input(0).SequenceEqual(alone.Input(0)));

        (List<double> Losses, List<long> Pairs, SkipGram Model) Watch(int threads = 2, bool withLoss = true, int last = int.MaxValue)
        {
            var told = new List<double>();
            var done = new List<long>();
            SkipGram model = SkipGram.Train(sentences, 60, settings, 1, "test", threads, cancellation: TestContext.Current.CancellationToken, watch: new(12, withLoss, (part, vectors, loss) =>
            {
                told.Add(loss);
                done.Add(vectors.Pairs);
                Assert.Equal(told.Count, part);
                return part < last;
            }));
            return (told, done, model);
        }
    }

    [Fact]
    public void The_loss_is_that_of_the_vectors_before_the_step()
    {
        // Word 0 is in every sentence, so that a batch is one sentence; without negatives, a pair is a logarithm.
        int[][] sentences = [.. Enumerable.Range(0, 400).Select(n => new[] { 0, 1 + (n % 7) })];
        var settings = new SkipGramSettings { Size = 8, Window = 1, Negatives = 0, LearningRate = 0.5 };
        double expected = Math.Log(2);
        int compared = 0;
        SkipGram.Train(new Listed(sentences), 8, settings, 1, "test", cancellation: TestContext.Current.CancellationToken, watch: new(400, true, (part, vectors, loss) =>
        {
            Assert.Equal(expected, loss, 1e-5);
            compared++;
            int next = part < 400 ? sentences[part][1] : 1;
            expected = (MinusLog(0, next) + MinusLog(next, 0)) / 2;
            return true;

            double MinusLog(int a, int b) => Math.Log(1 + Math.Exp(-TensorPrimitives.Dot(vectors.Input(a), vectors.Output(b))));
        }));
        Assert.Equal(400, compared);
        Assert.True(expected < 0.1, $"{expected}: nothing was learned, so that any loss would do");
    }

    [Fact]
    public void Errors_of_contexts_and_negatives_make_the_loss_and_those_of_the_centre_do_not()
    {
        const float Rate = 0.03f;
        double[,] chance = { { 0.9, 0.2 }, { 0.5, 0.5 }, { 0.4, 0.7 } };
        int padded = SkipGramWindow.Padded(2);
        var errors = new AlignedBuffer(4 * padded);
        errors.Span.Fill(5);
        for (int n = 0; n < 3; n++)
        {
            errors.Span[n * padded] = n == 1 ? 0 : Rate * (float)(1 - chance[n, 0]);
            errors.Span[(n * padded) + 1] = n == 1 ? 0 : -Rate * (float)chance[n, 1];
        }

        double expected = -Math.Log(0.9) - Math.Log(0.8) - Math.Log(0.4) - Math.Log(0.3);
        Assert.Equal(expected, SkipGram.Loss(errors.Pointer, 3, 1, 2, Rate), 1e-5);
    }

    /// <summary>Sentences each of whose words belong to one of three groups; low words come more often.</summary>
    private static Listed Communities(int words, int count)
    {
        var rng = new Rng(5, "communities");
        return new Listed([.. Enumerable.Range(0, count).Select(_ =>
        {
            int group = rng.Next(3);
            return Enumerable.Range(0, rng.Next(14)).Select(_ => group + (3 * (int)(words / 3 * rng.NextDouble() * rng.NextDouble()))).ToArray();
        })]);
    }

    private static double[][] Rows(AlignedBuffer buffer, int count, int size) =>
        [.. Enumerable.Range(0, count).Select(r => Array.ConvertAll(buffer.Slice(r * size, size).ToArray(), x => (double)x))];

    private static void Close(double[][] expected, double[][] found, double added)
    {
        Assert.Equal(expected.Length, found.Length);
        for (int r = 0; r < expected.Length; r++)
        {
            for (int i = 0; i < expected[r].Length; i++)
            {
                Assert.Equal(expected[r][i] + added, found[r][i], 2e-6);
            }
        }
    }

    private sealed class Listed(int[][] sentences) : ISentences
    {
        public int Count => sentences.Length;

        public int MaxLength { get; } = Math.Max(1, sentences.Select(s => s.Length).DefaultIfEmpty(1).Max());

        public void Read(int first, Span<int> lengths, Span<int> words)
        {
            for (int s = 0; s < lengths.Length; s++)
            {
                lengths[s] = sentences[first + s].Length;
                sentences[first + s].CopyTo(words[(s * MaxLength)..]);
            }
        }
    }
}
