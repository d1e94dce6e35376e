using Segue.Core;
using Segue.Core.Contracts;
using Segue.Models.Baselines;
using Segue.Models.Factorization;
using Segue.Models.Graph;
using Segue.Models.Hybrid;
using Segue.Models.Linear;
using Segue.Models.Neighbors;
using Segue.Models.Sequence;
using Segue.Models.SessionBased;
using Segue.Models.Walks;

namespace Segue.Models;

/// <summary>One model as the outside sees it.</summary>
/// <param name="Name">Stable name, kebab-case, for example <c>item-knn</c>.</param>
/// <param name="Summary">One sentence.</param>
/// <param name="Source">Author, venue and year the model comes from.</param>
/// <param name="OptionsType">Its options record.</param>
/// <param name="Create">Makes the model from its options.</param>
/// <param name="IsBaseline">True for the trivial models every comparison is measured against.</param>
public sealed record ModelDescription(
    string Name, string Summary, string Source, Type OptionsType, Func<ModelOptions, IModel> Create, bool IsBaseline = false);

/// <summary>Every model there is, by name. Adding a model is one line here.</summary>
public static class ModelCatalog
{
    /// <summary>All models, trivial ones first.</summary>
    public static IReadOnlyList<ModelDescription> All { get; } =
    [
        Describe<RandomOrderOptions>("random", "a random order, the floor of every comparison", "baseline", o => new RandomOrder(o), isBaseline: true),
        Describe<PopularityOptions>("popularity", "the items with most listeners, the same for everybody", "baseline", o => new Popularity(o), isBaseline: true),
        Describe<DegreeProductOptions>(
            "degree-product", "listeners of an item times items of a listener: what popularity says of a link; ranks like popularity", "Liben-Nowell and Kleinberg, JASIST 2007",
            o => new DegreeProduct(o), isBaseline: true),
        Describe<RecentPopularityOptions>(
            "recent-popularity", "the items most played lately, the same for everybody", "DecayPop, Ploshkin et al., RecSys 2025",
            o => new RecentPopularity(o), isBaseline: true),
        Describe<OwnRepeatsOptions>(
            "own-repeats", "the listener's own recent items again; for comparisons that keep heard items", "baseline",
            o => new OwnRepeats(o), isBaseline: true),
        Describe<BiasOptions>(
            "bias", "predicts a weight as mean + user bias + item bias; the baseline of regressions", "Koren, KDD 2008",
            o => new Bias(o), isBaseline: true),
        Describe<EaseOptions>("ease", "the best item-to-item weights that never predict an item from itself, in closed form", "Steck, WWW 2019", o => new Ease(o)),
        Describe<GfCfOptions>(
            "gf-cf", "a graph convolution without training: one step over the listeners plus an ideal low-pass filter", "Shen et al., CIKM 2021",
            o => new GfCf(o)),
        Describe<BspmOptions>(
            "bspm", "blurs the listener's items over the graph, then sharpens what came out; nothing is trained", "Choi et al., SIGIR 2023",
            o => new Bspm(o)),
        Describe<AlsOptions>("als", "alternating least squares with confidence 1 + positive_weight * r", "Hu, Koren and Volinsky, ICDM 2008", o => new Als(o)),
        Describe<IalsOptions>("ials", "alternating least squares with frequency-scaled regularization", "Rendle et al., RecSys 2022", o => new Ials(o)),
        Describe<UserKnnOptions>("user-knn", "what the most alike listeners heard", "Herlocker et al., SIGIR 1999", o => new UserKnn(o)),
        Describe<ItemKnnOptions>(
            "item-knn", "the items most alike to the listener's own: cosine, TF-IDF or BM25, with or without time decay",
            "Deshpande and Karypis, TOIS 2004; Ploshkin et al., RecSys 2025 (decay)", o => new ItemKnn(o)),
        Describe<FeatureKnnOptions>(
            "feature-knn", "the items that sound most like the mean of the listener's own; content alone, so unheard items count too",
            "Lops, de Gemmis and Semeraro, Recommender Systems Handbook 2011", o => new FeatureKnn(o)),
        Describe<MarkovOptions>(
            "markov", "what came right after the last item", "Shani, Heckerman and Brafman, JMLR 2005", o => new Markov(o)),
        Describe<SequentialRulesOptions>(
            "sequential-rules", "what came soon after the last item, the sooner the better", "Ludewig and Jannach, UMUAI 2018", o => new SequentialRules(o)),
        Describe<SessionKnnOptions>(
            "sknn", "what the sessions most alike to the current one hold", "Jannach and Ludewig, RecSys 2017", o => new SessionKnn(o)),
        Describe<VectorSessionKnnOptions>(
            "vsknn", "session neighbours in which later plays count for more", "Ludewig and Jannach, UMUAI 2018", o => new VectorSessionKnn(o)),
        Describe<StanOptions>(
            "stan", "session neighbours with decay by position, age and distance", "Garg et al., SIGIR 2019", o => new Stan(o)),
        Describe<SlistOptions>(
            "slist", "item-to-item weights that explain sessions as sets and as sequences, in closed form", "Choi et al., WWW 2021", o => new Slist(o)),
        Describe<SWalkOptions>(
            "s-walk", "a walk that steps to what follows and ends at what is heard together", "Choi et al., WSDM 2022", o => new SWalk(o)),
        Describe<ActROptions>(
            "actr", "what the listener heard often and lately, as memory fades; with or without what is heard with it and what everybody hears",
            "Anderson et al., Psychological Review 2004; Reiter-Haas et al., RecSys 2021", o => new ActR(o)),
        Describe<ItemRankOptions>(
            "item-rank", "a walk from item to item over common listeners, begun again and again at the listener's own", "Gori and Pucci, IJCAI 2007",
            o => new ItemRank(o)),
        Describe<PathCountOptions>(
            "path-count", "counts the paths from a listener over other listeners, or over artists, to an item", "seed 000, section IV.B", o => new PathCount(o)),
        Describe<StgWalkOptions>(
            "stg-walk", "a random walk over users, items and sessions that begins at the listener and its current session",
            "Xiang et al., KDD 2010; Nzekon et al., 2019; seed 000 (weights)", o => new StgWalk(o)),
        Describe<IpfOptions>(
            "ipf", "preference of the listener and its current session, sent over all paths of three edges of the same graph", "Xiang et al., KDD 2010",
            o => new Ipf(o)),
        Describe<Node2VecOptions>(
            "node2vec", "vectors of listeners, items and sessions that random walks over the same graph come to together",
            "Grover and Leskovec, KDD 2016; seed 000", o => new Node2Vec(o)),
        Describe<StgLinkOptions>(
            "stg-link", "a network over such vectors of a listener or session and an item that says whether an edge joins them", "seed 000, section VI.D",
            o => new StgLink(o)),
        Describe<Item2VecOptions>(
            "item2vec", "vectors of items that are played near one another in sessions, playlists or histories; a listener is the mean of its own",
            "Barkan and Koenigstein, MLSP 2016; Mikolov et al., NIPS 2013", o => new Item2Vec(o)),
        Describe<BprOptions>("bpr", "matrix factorization trained to rank heard above unheard items", "Rendle et al., UAI 2009", o => new Bpr(o)),
        Describe<MbcfOptions>(
            "mbcf", "listener and item vectors trained on heard items against sampled ones, one by one or by softmax",
            "seed 004, after He et al., WWW 2017; Yi et al., RecSys 2019 (softmax)", o => new Mbcf(o)),
        Describe<HybridNnOptions>(
            "hybrid-nn", "a network over listener vector, item vector and audio features", "seed 004, after He et al., WWW 2017",
            o => new HybridNn(o)),
        Describe<HybridTwoTowerOptions>(
            "hybrid-two-tower", "item vectors from id, artist and audio features, listeners from their items; recommends items nobody heard yet",
            "Covington et al., RecSys 2016; Liang et al., WWW 2018; Volkovs et al., NIPS 2017", o => new HybridTwoTower(o)),
        Describe<ArtistBoostOptions>(
            "artist-boost", "any model, its songs weighted by how it ranks their artists", "seed 000, section IX", o => new ArtistBoost(o)),
        Describe<EdgeGcnOptions>(
            "edge-gcn", "predicts how much a listener plays an item by messages over the graph of plays, friends and tags",
            "seed 001; Hamilton et al., NIPS 2017 (sage); Bresson and Laurent, 2017 (gated)", o => new EdgeGcn(o)),
        Describe<LightGcnOptions>(
            "lightgcn", "vectors of listeners and items spread over the graph of who has what", "seed 002; He et al., SIGIR 2020", o => new LightGcn(o)),
        Describe<XSimGclOptions>(
            "xsimgcl", "lightgcn with noise in every layer and a contrast between layers", "Yu et al., IEEE TKDE 2024", o => new XSimGcl(o)),
        Describe<UltraGcnOptions>(
            "ultragcn", "the end of infinitely many layers of lightgcn as weights of a loss: no messages are passed", "Mao et al., CIKM 2021", o => new UltraGcn(o)),
        Describe<GraphAttentionOptions>(
            "gat", "graph convolution in which a node weighs its neighbours by several attentions", "seed 002; Veličković et al., ICLR 2018",
            o => new GraphAttention(o)),
        Describe<GraphSageOptions>(
            "graphsage", "graph convolution with matrices for the mean of the neighbours and for the node itself", "seed 002; Hamilton et al., NIPS 2017",
            o => new GraphSage(o)),
        Describe<GruNextOptions>(
            "gru-next", "the next play by a recurrent network over those before, in order", "seed 000; Hidasi et al., ICLR 2016", o => new GruNext(o)),
        Describe<SasRecOptions>(
            "sasrec", "the next play by self-attention over those before, in order", "Kang and McAuley, ICDM 2018", o => new SasRec(o)),
        Describe<GSasRecOptions>(
            "gsasrec", "sasrec told apart from many items, without the overconfidence that brings", "Petrov and Macdonald, RecSys 2023", o => new GSasRec(o)),
        Describe<TasteRnnOptions>(
            "taste-rnn", "reads vectors of songs in order and recommends near where the songs to come are, soon or much later",
            "seed 003: De Boom et al., MTAP 2018", o => new TasteRnn(o)),
        Describe<WeightedHistoryOptions>(
            "weighted-history", "the songs nearest to a weighted sum of the vectors of those played last; the weights are learned",
            "seed 003: De Boom et al., MTAP 2018", o => new WeightedHistory(o)),
    ];

    /// <summary>The models whose recommenders are <see cref="IVectorRecommender"/>, at least where no option is given; a test holds the list against the code.</summary>
    public static IReadOnlyList<string> WithVectors { get; } =
        [.. All.Select(m => m.Name).Where(n =>
            n is "als" or "ials" or "bpr" or "mbcf" or "hybrid-two-tower" or "lightgcn" or "gat" or "graphsage" or "xsimgcl" or "ultragcn"
            or "node2vec" or "item2vec" or "gru-next" or "sasrec" or "gsasrec" or "taste-rnn" or "weighted-history")];

    /// <summary>The model called <paramref name="name"/>.</summary>
    /// <exception cref="OptionException">No such model; the message lists near matches.</exception>
    public static ModelDescription Get(string name) =>
        All.FirstOrDefault(m => m.Name == name) ?? throw NearMatches.Error("model", name, [.. All.Select(m => m.Name)]);

    /// <summary>Makes a model from outside option names and texts.</summary>
    /// <exception cref="OptionException">Unknown model or option, or a value out of range.</exception>
    public static IModel Create(string name, IEnumerable<KeyValuePair<string, string>> options)
    {
        ModelDescription model = Get(name);
        return model.Create((ModelOptions)OptionsText.FromPairs(model.OptionsType, options, $"model '{name}'"));
    }

    private static ModelDescription Describe<TOptions>(
        string name, string summary, string source, Func<TOptions, IModel> create, bool isBaseline = false)
        where TOptions : ModelOptions => new(name, summary, source, typeof(TOptions), o => create((TOptions)o), isBaseline);
}
