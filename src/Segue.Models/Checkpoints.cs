using System.Globalization;
using System.Runtime.InteropServices;
using System.Security.Cryptography;
using System.Text;
using Segue.Core;
using Segue.Core.Artifacts;
using Segue.Core.Contracts;
using Segue.Core.Data;
using Segue.Neural.Training;
using Segue.Numerics.Dense;

namespace Segue.Models;

/// <summary>Where models keep the checkpoints of their training: one file for each run in <see cref="FitContext.CheckpointFolder"/>.</summary>
/// <remarks>
/// A run is a version of Segue, a model, its options, the seed and the training data, all of it in a fingerprint that names the file: what belongs
/// to another run is never read. A file holds the arrays, the fingerprint again and a checksum (safetensors); it is written beside, flushed and
/// renamed, so that a kill at any moment leaves the one before.
/// </remarks>
internal static class Checkpoints
{
    private const int Format = 1;

    /// <summary>The store of this run, or null where the context names no folder; O(size of the data), for its fingerprint.</summary>
    /// <exception cref="DatasetException">The folder cannot be made.</exception>
    public static ICheckpointStore? Open(FitContext context, string model, ModelOptions options, Dataset train)
    {
        ArgumentNullException.ThrowIfNull(context);
        if (context.CheckpointFolder is not { } folder)
        {
            return null;
        }

        try
        {
            Directory.CreateDirectory(folder);
            byte[] fingerprint = Fingerprint(model, options, context, train);
            string path = Path.Combine(folder, $"{model}-{Convert.ToHexStringLower(fingerprint.AsSpan(0, 8))}.checkpoint");
            AtomicFile.CheckTarget(path);

            return new Store(path, fingerprint);
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException or ArgumentException)
        {
            throw new DatasetException($"checkpoints cannot be kept in '{folder}' ({e.Message}); name a folder that can be written", e);
        }
    }

    private static byte[] Fingerprint(string model, ModelOptions options, FitContext context, Dataset train)
    {
        using var hash = IncrementalHash.CreateHash(HashAlgorithmName.SHA256);
        AddText(string.Create(CultureInfo.InvariantCulture, $"{Format} {typeof(Checkpoints).Assembly.GetName().Version} {model} {context.Seed}"));
        foreach ((string key, object value) in OptionsText.ToPairs(options))
        {
            AddText($"{key}={OptionsText.Format(value)}");
        }

        AddText(string.Create(CultureInfo.InvariantCulture, $"{train.Level} {train.IsOrdered} {train.Users.Count} {train.Items.Count} {train.Count}"));
        AddTable(train.Users);
        AddTable(train.Items);
        Add(train.UserIndex.Span);
        Add(train.ItemIndex.Span);
        Add(train.Time.Span);
        Add(train.Weight.Span);
        AddTable(train.Catalog.Names);
        AddTable(train.Catalog.Artists);
        AddTable(train.Catalog.Albums);
        Add(train.Catalog.ItemArtist.Span);
        Add(train.Catalog.ItemAlbum.Span);
        AddText(string.Join('\n', train.Catalog.FeatureNames));
        Add(train.Catalog.Features.Span);
        foreach ((string name, StringTable column) in train.Profile.OrderBy(p => p.Key, StringComparer.Ordinal))
        {
            AddText(name);
            AddTable(column);
        }

        Add(train.FriendFrom.Span);
        Add(train.FriendTo.Span);
        AddTable(train.Tags.Names);
        Add(train.Tags.UserIndex.Span);
        Add(train.Tags.ItemIndex.Span);
        Add(train.Tags.TagIndex.Span);
        Add(train.Tags.Time.Span);
        if (context.Message is { } message)
        {
            AddText("message");
            Add(message.UserIndex.Span);
            Add(message.ItemIndex.Span);
        }

        return hash.GetHashAndReset();

        void AddText(string text) => Add<byte>(Encoding.UTF8.GetBytes(text));

        void AddTable(StringTable table) => Add(table.Text.Span);

        // With its length, so that no two columns run into one another.
        void Add<T>(ReadOnlySpan<T> values)
            where T : unmanaged
        {
            long length = values.Length;
            hash.AppendData(MemoryMarshal.AsBytes(new ReadOnlySpan<long>(ref length)));
            hash.AppendData(MemoryMarshal.AsBytes(values));
        }
    }

    private sealed class Store(string path, byte[] fingerprint) : ICheckpointStore
    {
        private const string Prefix = "array/";

        public Checkpoint? Read()
        {
            if (!File.Exists(path))
            {
                return null;
            }

            try
            {
                ArtifactReader file = ArtifactReader.Open(path);
                if (!file.Integers("fingerprint").AsSpan().SequenceEqual(MemoryMarshal.Cast<byte, int>(fingerprint)))
                {
                    throw new DatasetException("it is of another run");
                }

                long[] counts = file.Longs("counts");
                double[] rate = file.Doubles("learning_rate");
                var arrays = new Dictionary<string, CheckpointArray>();
                foreach (string name in file.Names.Where(n => n.StartsWith(Prefix, StringComparison.Ordinal)))
                {
                    // Bit for bit what was stored: the checksum below says whether it is.
                    DenseMatrix matrix = file.Dense(name, ArrayValues.Any);
                    arrays.Add(name[Prefix.Length..], new(matrix.Rows, matrix.Columns, matrix.Values.ToArray()));
                }

                if (counts.Length != 3 || rate.Length != 1
                    || !file.Integers("sha256").AsSpan().SequenceEqual(MemoryMarshal.Cast<byte, int>(Checksum(counts, rate, arrays))))
                {
                    throw new DatasetException("its checksum differs");
                }

                return new Checkpoint((int)counts[0], counts[1], rate[0], counts[2] != 0, arrays);
            }
            catch (DatasetException e)
            {
                throw new DatasetException($"the checkpoint '{path}' cannot be used ({e.Message}); delete it to train from the start", e);
            }
        }

        public void Write(Checkpoint checkpoint) => AtomicFile.Write(path, stream =>
        {
            long[] counts = [checkpoint.Epoch, checkpoint.Steps, checkpoint.IsStopped ? 1 : 0];
            double[] rate = [checkpoint.LearningRate];
            var file = new ArtifactWriter();
            foreach ((string name, CheckpointArray array) in checkpoint.Arrays)
            {
                file.Add(Prefix + name, array.Values, array.Rows, array.Columns);
            }

            file.Add("counts", counts);
            file.Add("learning_rate", rate);
            file.Add("fingerprint", MemoryMarshal.Cast<byte, int>(fingerprint));
            file.Add("sha256", MemoryMarshal.Cast<byte, int>(Checksum(counts, rate, checkpoint.Arrays)));
            file.Write(stream);
        });

        private static byte[] Checksum(long[] counts, double[] rate, IReadOnlyDictionary<string, CheckpointArray> arrays)
        {
            using var hash = IncrementalHash.CreateHash(HashAlgorithmName.SHA256);
            hash.AppendData(MemoryMarshal.AsBytes(counts.AsSpan()));
            hash.AppendData(MemoryMarshal.AsBytes(rate.AsSpan()));
            foreach ((string name, CheckpointArray array) in arrays.OrderBy(a => a.Key, StringComparer.Ordinal))
            {
                hash.AppendData(Encoding.UTF8.GetBytes(name));
                hash.AppendData(MemoryMarshal.AsBytes(array.Values.AsSpan()));
            }

            return hash.GetHashAndReset();
        }
    }
}
