using System.Globalization;
using System.Numerics.Tensors;
using Segue.Core;
using Segue.Core.Artifacts;
using Segue.Core.Contracts;
using Segue.Core.Data;
using Segue.Neural.Autodiff;
using Segue.Neural.Layers;
using Segue.Neural.Losses;
using Segue.Neural.Training;
using Segue.Numerics.Dense;
using Segue.Numerics.Reduction;
using Segue.Numerics.Sampling;

namespace Segue.Models.Sequence;

/// <summary>What the next play is predicted to be of, before the item itself.</summary>
public enum ItemClasses
{
    /// <summary>Nothing: all items at once.</summary>
    None,

    /// <summary>The artist; items without one are a class of their own.</summary>
    Artist,

    /// <summary>A group of items that are played near one another.</summary>
    Cluster,
}

/// <summary>Predicts a class of items, and the item within it, from one state: two softmaxes.</summary>
/// <remarks>
/// <para>
/// ln P(j | h) = ln softmax_{k(j)} (C h + d) + ln softmax_j (W h + b, over the items of class k(j) only). Goodman, "Classes for fast maximum entropy training", ICASSP 2001; seed 000, section IX ("predict genre, then
/// artist, and then song"), names it as future work. Exact, and a play costs classes + items of a class.
/// </para>
/// <para>
/// Clusters: vectors of items by <see cref="Item2Vec"/> over sessions or playlists, cut into even parts by <see cref="EvenGroups"/>; items in no sentence have no vector and are classes
/// of that size of their own. Items nobody played have a zero vector and the least bias of their class, classes nobody played the same among classes.
/// </para>
/// </remarks>
internal sealed class ClassOutput
{
    private readonly ClassGroups _groups;
    private readonly GroupTargets _targets;
    private readonly Parameter _classWeight, _classBias, _weight, _bias;

    /// <summary>Random weights.</summary>
    public ClassOutput(ClassGroups groups, int size, Rng rng)
    {
        (_groups, _targets) = (groups, new GroupTargets(groups));
        float limit = 1f / MathF.Sqrt(size);
        _classWeight = new Parameter("class.weight", groups.Count, size).Uniform(rng, limit);
        _classBias = new Parameter("class.bias", groups.Count, 1);

        // In the order of the classes' members.
        _weight = new Parameter("output.weight", groups.Classes, size, isRowSparse: true).Uniform(rng, limit);
        _bias = new Parameter("output.bias", groups.Classes, 1, isRowSparse: true);
    }

    /// <summary>Everything that is learned.</summary>
    public IReadOnlyList<Parameter> Parameters => [_classWeight, _classBias, _weight, _bias];

    /// <summary>The class of every item; null where there are to be none.</summary>
    /// <exception cref="DatasetException">Artists are asked for and the data name none.</exception>
    public static ClassGroups? Groups(ItemClasses classes, int classCount, double gapMinutes, Dataset train, FitContext context, string model) => classes switch
    {
        ItemClasses.Artist => Artists(train, model),
        ItemClasses.Cluster => Clusters(classCount, gapMinutes, train, context, model),
        _ => null,
    };

    /// <summary>Scores a play is told apart by at once, at most: those of all classes, or of the items of the largest.</summary>
    public static int MostScores(ClassGroups groups)
    {
        int most = groups.Count;
        for (int k = 0; k < groups.Count; k++)
        {
            most = Math.Max(most, groups.Start[k + 1] - groups.Start[k]);
        }

        return most;
    }

    /// <summary>Adds −ln of the probability of the right class and of the right item in it to a step.</summary>
    public void AddLosses(Variable state, TrainingStep step, ReadOnlySpan<int> next)
    {
        _targets.Set(next);
        Tape tape = step.Tape;
        Variable offsets = tape.Constant([1f], 1, 1).MatMulTransposed(tape.Use(_classBias));
        step.Add("class_cross_entropy", state.MatMulTransposed(tape.Use(_classWeight)).Add(offsets).SoftmaxLoss(_targets.Group));
        step.Add("item_cross_entropy", state.GroupSoftmaxLoss(tape.Use(_weight), tape.Use(_bias), _targets));
    }

    /// <summary>Recommends by what is learned now.</summary>
    public IRecommender Recommender(Dataset train, SequenceNetwork network, int maxLength, int[] itemCount)
    {
        int size = _weight.Columns;
        var vectors = new DenseMatrix(_groups.Classes, size + 1);
        var classCount = new int[_groups.Count];
        for (int k = 0; k < _groups.Count; k++)
        {
            float least = 0f;
            for (int place = _groups.Start[k]; place < _groups.Start[k + 1]; place++)
            {
                int item = _groups.Members[place];
                if (itemCount[item] > 0)
                {
                    least = classCount[k] == 0 ? _bias.Value[place] : Math.Min(least, _bias.Value[place]);
                    classCount[k] += itemCount[item];
                    Span<float> row = vectors.Row(item);
                    _weight.Row(place).CopyTo(row);
                    row[size] = _bias.Value[place];
                }
            }

            foreach (int item in _groups.Members[_groups.Start[k].._groups.Start[k + 1]])
            {
                vectors.Row(item)[size] = itemCount[item] > 0 ? vectors.Row(item)[size] : least;
            }
        }

        return new ClassRecommender(train, network, _groups, vectors, OutputVectors.Of(_classWeight, _classBias, classCount), maxLength, itemCount);
    }

    private static ClassGroups Artists(Dataset train, string model)
    {
        ReadOnlySpan<int> artist = train.Catalog.ItemArtist.Span;
        if (!artist.ContainsAnyExceptInRange(int.MinValue, -1))
        {
            throw new DatasetException(
                $"model '{model}': classes is artist and dataset '{train.Name}' names no artists{(artist.IsEmpty ? "" : $" of its {artist.Length} items")}; "
                + "set classes=cluster, or import the data with artists");
        }

        // Artists of no item here would be classes of nothing.
        int none = train.Catalog.Artists.Count, count = 0;
        var place = new int[none + 1];
        Array.Fill(place, -1);
        var classOf = new int[artist.Length];
        for (int i = 0; i < artist.Length; i++)
        {
            ref int own = ref place[artist[i] < 0 ? none : artist[i]];
            own = own < 0 ? count++ : own;
            classOf[i] = own;
        }

        return new ClassGroups(classOf, count);
    }

    private static ClassGroups Clusters(int classCount, double gapMinutes, Dataset train, FitContext context, string model)
    {
        int items = train.Items.Count;
        var skipGram = new Item2Vec(new Item2VecOptions { SessionMinutes = gapMinutes }) { Owner = model, Remedy = "set classes=artist or classes=none" };
        DenseMatrix vectors = ((IVectorRecommender)skipGram.Fit(train, context with { OnEpoch = null, OnLoss = null })).ItemVectors;
        int size = Math.Max(1, classCount > 0 ? (int)(((long)items + classCount - 1) / classCount) : (int)Math.Ceiling(Math.Sqrt(items)));
        int[] known = [.. Enumerable.Range(0, items).Where(i => !float.IsNaN(vectors.Row(i)[0]))];
        var points = new DenseMatrix(known.Length, vectors.Columns);
        for (int n = 0; n < known.Length; n++)
        {
            vectors.Row(known[n]).CopyTo(points.Row(n));
        }

        int count = (known.Length + size - 1) / size;
        int[] group = EvenGroups.Assign(points, Math.Max(1, count), context.Threads);
        var classOf = new int[items];
        Array.Fill(classOf, -1);
        for (int n = 0; n < known.Length; n++)
        {
            classOf[known[n]] = group[n];
        }

        for (int i = 0, left = 0; i < items; i++)
        {
            classOf[i] = classOf[i] >= 0 ? classOf[i] : count + (left++ / size);
        }

        return new ClassGroups(classOf, classOf.Length == 0 ? 0 : classOf.Max() + 1);
    }
}

/// <summary>Recommends by the logarithm of the probability of an item's class times that of the item within it.</summary>
internal sealed class ClassRecommender(
    Dataset train, SequenceNetwork network, ClassGroups groups, DenseMatrix itemVectors, DenseMatrix classVectors, int maxLength, int[] itemCount)
    : HistoryRecommender(train, network, SequenceOutput.WithBias, maxLength, itemCount)
{
    private const string ClassVectorsName = "class_vectors", ItemClassName = "item_class";

    /// <summary>Reads the classes of an artifact.</summary>
    /// <exception cref="DatasetException">They do not fit the data or the options.</exception>
    public static ClassRecommender Load(
        ArtifactReader artifact, Dataset train, SequenceNetwork network, DenseMatrix itemVectors, int maxLength, int[] itemCount, string model)
    {
        DenseMatrix classVectors = artifact.Dense(ClassVectorsName);
        int[] classOf = artifact.Integers(ItemClassName);
        return classVectors.Columns == itemVectors.Columns && classOf.Length == itemVectors.Rows && !classOf.Any(k => k < 0 || k >= classVectors.Rows)
            ? new ClassRecommender(train, network, new ClassGroups(classOf, classVectors.Rows), itemVectors, classVectors, maxLength, itemCount)
            : throw new DatasetException(string.Create(
                CultureInfo.InvariantCulture,
                $"model '{model}' was stored with {classVectors.Rows} × {classVectors.Columns} class vectors and the classes of {classOf.Length} items, which do not fit "
                + $"{itemVectors.Rows} × {itemVectors.Columns} item vectors; load it with the dataset it was trained on"));
    }

    public override void Score(Query query, Span<float> scores)
    {
        ScoreBuffer.Check(scores, Items);
        var vector = new float[VectorSize];
        if (!TryRead(query, vector))
        {
            scores.Fill(float.NaN);
            return;
        }

        for (int i = 0; i < scores.Length; i++)
        {
            scores[i] = TensorPrimitives.Dot<float>(vector, itemVectors.Row(i));
        }

        double[] ofClass = LogClasses(vector);
        for (int k = 0; k < ofClass.Length; k++)
        {
            ReadOnlySpan<int> members = Members(k);
            double largest = double.NegativeInfinity, sum = 0;
            foreach (int item in members)
            {
                largest = Math.Max(largest, scores[item]);
            }

            foreach (int item in members)
            {
                sum += Math.Exp(scores[item] - largest);
            }

            double shift = ofClass[k] - largest - Math.Log(sum);
            foreach (int item in members)
            {
                scores[item] = IsHeard(item) ? (float)(scores[item] + shift) : float.NaN;
            }
        }
    }

    public override void Save(ArtifactWriter artifact)
    {
        base.Save(artifact);
        artifact.Add(SequenceRecommender.ItemVectorsName, itemVectors);
        artifact.Add(ClassVectorsName, classVectors);
        artifact.Add(ItemClassName, groups.GroupOf);
    }

    protected override double ScoreOf(ReadOnlySpan<float> vector, int itemIndex)
    {
        if (!IsHeard(itemIndex))
        {
            return double.NaN;
        }

        int k = groups.GroupOf[itemIndex];
        ReadOnlySpan<int> members = Members(k);
        var scores = new double[members.Length];
        for (int n = 0; n < scores.Length; n++)
        {
            scores[n] = TensorPrimitives.Dot(vector, itemVectors.Row(members[n]));
        }

        ToLogProbabilities(scores);
        return LogClasses(vector)[k] + scores[members.IndexOf(itemIndex)];
    }

    private ReadOnlySpan<int> Members(int k) => groups.Members[groups.Start[k]..groups.Start[k + 1]];

    private double[] LogClasses(ReadOnlySpan<float> vector)
    {
        var scores = new double[groups.Count];
        for (int k = 0; k < scores.Length; k++)
        {
            scores[k] = TensorPrimitives.Dot(vector, classVectors.Row(k));
        }

        ToLogProbabilities(scores);
        return scores;
    }

    private static void ToLogProbabilities(Span<double> scores)
    {
        double largest = double.NegativeInfinity, sum = 0;
        foreach (double score in scores)
        {
            largest = Math.Max(largest, score);
        }

        foreach (double score in scores)
        {
            sum += Math.Exp(score - largest);
        }

        TensorPrimitives.Subtract<double>(scores, largest + Math.Log(sum), scores);
    }
}
