namespace Segue.Import.Engine;

/// <summary>Counts the rows of one table and keeps the first samples of everything not simply accepted.</summary>
/// <remarks>Samples are written into the dataset: of a row they keep where it stands and the names in it, never the row.</remarks>
internal sealed class TableLog(string name)
{
    private const int SampleCount = 20;

    private readonly Dictionary<string, Fate> _rejected = [], _repaired = [];
    private readonly Fate _duplicates = new();

    public string Name => name;

    public long Rows { get; set; }

    public long Accepted { get; private set; }

    public long Rejected { get; private set; }

    public long Duplicate => _duplicates.Count;

    public void Accept() => Accepted++;

    /// <summary>Takes back an acceptance, where only the end of the files shows what a row is.</summary>
    public void TakeBack() => Accepted--;

    public void AddDuplicate(RowSource row) => _duplicates.Add(row);

    public void AddDuplicate(Sample sample) => _duplicates.Add(sample);

    public void Reject(string reason, RowSource row)
    {
        Rejected++;
        Of(_rejected, reason).Add(row);
    }

    /// <summary>Counts a row that leaves no sample.</summary>
    public void Reject(string reason)
    {
        Rejected++;
        Of(_rejected, reason).Count++;
    }

    public void Reject(string reason, Sample sample)
    {
        Rejected++;
        Of(_rejected, reason).Add(sample);
    }

    public void Repair(string reason, RowSource row) => Of(_repaired, reason).Add(row);

    public TableCount ToCount() => new(name, Rows, Accepted, Duplicate, Rejected);

    public IEnumerable<RejectReason> RejectedReasons() => Reasons(_rejected);

    public IEnumerable<RejectReason> RepairedReasons() => Reasons(_repaired);

    public IEnumerable<RejectReason> DuplicateReasons() =>
        _duplicates.Count == 0 ? [] : [new RejectReason(name, Engine.Reasons.Duplicate, _duplicates.Count, _duplicates.Samples)];

    private IEnumerable<RejectReason> Reasons(Dictionary<string, Fate> fates) => fates
        .OrderByDescending(f => f.Value.Count).ThenBy(f => f.Key, StringComparer.Ordinal)
        .Select(f => new RejectReason(name, f.Key, f.Value.Count, f.Value.Samples));

    private static Fate Of(Dictionary<string, Fate> fates, string reason)
    {
        if (!fates.TryGetValue(reason, out Fate? fate))
        {
            fates[reason] = fate = new Fate();
        }

        return fate;
    }

    private sealed class Fate
    {
        public long Count { get; set; }

        public List<Sample> Samples { get; } = [];

        public void Add(RowSource row)
        {
            Count++;
            if (Samples.Count < SampleCount)
            {
                Samples.Add(new Sample(row.File.Name, row.Line, row.Names) { Record = row.Record });
            }
        }

        public void Add(Sample sample)
        {
            Count++;
            if (Samples.Count < SampleCount)
            {
                Samples.Add(sample);
            }
        }
    }
}
