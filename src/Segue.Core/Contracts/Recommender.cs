using Segue.Core.Artifacts;
using Segue.Core.Data;
using Segue.Numerics.Dense;

namespace Segue.Core.Contracts;

/// <summary>An untrained model: options in, <see cref="Fit"/> out. Constructing does nothing but keep the options.</summary>
public interface IModel
{
    /// <summary>The options the model was made with.</summary>
    ModelOptions Options { get; }

    /// <summary>Learns from <paramref name="train"/>.</summary>
    /// <exception cref="ModelFitException">Training cannot go on; the message says where and what to change.</exception>
    /// <exception cref="DatasetException">The data lacks what the model needs, for example times.</exception>
    /// <exception cref="OperationCanceledException">Cancelled through the context.</exception>
    IRecommender Fit(Dataset train, FitContext context);

    /// <summary>Rebuilds what <see cref="IRecommender.Save"/> wrote; <paramref name="train"/> is the dataset it was trained on.</summary>
    /// <exception cref="DatasetException">An array is missing or has the wrong shape.</exception>
    IRecommender Load(ArtifactReader artifact, Dataset train);
}

/// <summary>A model whose training keeps its latest epoch in <see cref="FitContext.CheckpointFolder"/> and resumes from it.</summary>
public interface IKeepsCheckpoints : IModel;

/// <summary>A trained model: immutable, safe to share between threads.</summary>
public interface IRecommender
{
    /// <summary>The items that can be recommended; scores are in this order.</summary>
    Vocabulary Items { get; }

    /// <summary>
    /// Scores every item for <paramref name="query"/>; higher is better, the scale is the model's own. A query nothing can
    /// be said about (unknown user without history) scores NaN everywhere.
    /// </summary>
    /// <param name="query">Who asks.</param>
    /// <param name="scores">Output, length <see cref="Items"/>.Count. NaN where the model cannot score.</param>
    /// <exception cref="ArgumentException">The buffer has another length, or the query names a user or item outside the training data.</exception>
    void Score(Query query, Span<float> scores);

    /// <summary>Writes every learned array by name.</summary>
    void Save(ArtifactWriter artifact);
}

/// <summary>A recommender whose score is a dot product, so that one shared ranker (or index) can serve it in batches.</summary>
public interface IVectorRecommender : IRecommender
{
    /// <summary>Item vectors, items × size; the score of an item is its row times the user vector: a row of NaN where the model cannot score it.</summary>
    DenseMatrix ItemVectors { get; }

    /// <summary>Writes the user vector of <paramref name="query"/> (length: columns of <see cref="ItemVectors"/>).</summary>
    /// <returns>False where nothing can be said about the query; the vector is then left as it is.</returns>
    bool TryGetUserVector(Query query, Span<float> vector);
}

/// <summary>A recommender some of whose learned numbers are worth a look.</summary>
public interface IHasCurves : IRecommender
{
    /// <summary>What it learned, as curves; reports draw those of one title together, one line a model. May be empty.</summary>
    IReadOnlyList<LearnedCurve> Curves { get; }
}

/// <summary>A curve of learned numbers.</summary>
/// <param name="Title">What is drawn, the same for all models that learn it.</param>
/// <param name="XLabel">Name of the horizontal axis.</param>
/// <param name="YLabel">Name of the vertical axis.</param>
/// <param name="X">Horizontal positions.</param>
/// <param name="Y">Heights; same length.</param>
public sealed record LearnedCurve(string Title, string XLabel, string YLabel, IReadOnlyList<double> X, IReadOnlyList<double> Y);

/// <summary>A recommender that can say which parts of a history carried a recommendation.</summary>
public interface IExplains : IRecommender
{
    /// <summary>Up to <paramref name="count"/> reasons for recommending <paramref name="itemIndex"/>, strongest first; may be empty.</summary>
    IReadOnlyList<Reason> Explain(Query query, int itemIndex, int count);
}

/// <summary>A recommender with its own notion of alike items.</summary>
public interface IItemSimilarity : IRecommender
{
    /// <summary>Similarity of every item to <paramref name="itemIndex"/>; the item itself scores NaN.</summary>
    /// <param name="itemIndex">The item asked about.</param>
    /// <param name="scores">Output, length <see cref="IRecommender.Items"/>.Count.</param>
    void Similarity(int itemIndex, Span<float> scores);
}

/// <summary>A recommender over a graph: what it learned also holds for the same listeners and items with other edges.</summary>
public interface IObserves : IRecommender
{
    /// <summary>The same learned parameters with the interactions of <paramref name="known"/> as the graph; nothing is learned anew.</summary>
    /// <param name="known">Same users and items as the training data.</param>
    /// <param name="context">Threads, seed and cancellation.</param>
    /// <exception cref="DatasetException">Other users or items than those of the training data.</exception>
    IRecommender Observe(Dataset known, FitContext context);
}

/// <summary>
/// A recommender that learned something of every listener it trained on (a vector, a node) that their history alone does not give back: asked
/// by listener it answers better than asked with the same history.
/// </summary>
public interface ILearnsListeners : IRecommender
{
    /// <summary>False where it is made of other models and none of them learned anything of a listener.</summary>
    bool LearnsListeners => true;
}

/// <summary>A model that predicts the weight of a user–item pair.</summary>
public interface IRegressor
{
    /// <summary>Predicted weight, in the unit of the training weights. Unknown user or item (−1) falls back to what is known.</summary>
    float Predict(int userIndex, int itemIndex);
}

/// <summary>A recommender whose scores need a moment: times are used, and <see cref="Query.Moment"/> matters.</summary>
public interface ITimeAware : IRecommender
{
    /// <summary>The latest known time in the training data, Unix seconds, or −1: the moment assumed where neither the query nor its history names one.</summary>
    long LatestTime { get; }

    /// <summary>
    /// Whether <see cref="Query.Moment"/> can change the answer to <paramref name="query"/>; false for example where a model asks for the age of the listener's plays
    /// and no play has a time.
    /// </summary>
    bool AsksWhen(Query query) => true;
}
