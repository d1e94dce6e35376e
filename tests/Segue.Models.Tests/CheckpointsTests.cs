using Segue.Core;
using Segue.Core.Contracts;
using Segue.Core.Data;
using Segue.Models.Factorization;
using Segue.Neural.Training;
using Segue.Testing;
using Xunit;

namespace Segue.Models.Tests;

public sealed class CheckpointsTests : IDisposable
{
    private static readonly Dataset Train = SmallWorld.Checkerboard();
    private static readonly BprOptions Options = new() { EmbeddingSize = 8 };

    private readonly TemporaryFolder _folder = TestData.NewFolder();

    public void Dispose() => _folder.Dispose();

    [Fact]
    public void Without_a_folder_there_is_no_store() => Assert.Null(Checkpoints.Open(new FitContext(), "bpr", Options, Train));

    [Fact]
    public void What_was_written_comes_back_in_another_process_that_does_the_same()
    {
        Assert.Null(Open().Read());
        Open().Write(Sample(3));
        Open().Write(Sample(4, isStopped: true));
        Checkpoint back = Open().Read()!;
        Assert.Equal((4, 40L, 0.1 * 0.7, true), (back.Epoch, back.Steps, back.LearningRate, back.IsStopped));
        Assert.Equal(["empty", "items", "items.velocity"], back.Arrays.Keys.Order());
        Assert.Equal((2, 3), (back.Arrays["items"].Rows, back.Arrays["items"].Columns));
        Assert.Equal([4f, float.Epsilon, -0f, float.MaxValue, 1f / 3, float.NaN], back.Arrays["items"].Values);
        Assert.True(float.IsNegative(back.Arrays["items"].Values[2]));
        Assert.Empty(back.Arrays["empty"].Values);
        Assert.Single(Directory.GetFiles(_folder.Path));
    }

    public static TheoryData<string> OtherRuns => ["model", "options", "seed", "weight", "time", "item", "item name", "features", "users"];

    [Theory]
    [MemberData(nameof(OtherRuns))]
    public void The_checkpoint_of_another_run_is_not_picked_up(string difference)
    {
        Open().Write(Sample(3));
        float[] weight = [.. Enumerable.Repeat(1f, Train.Count)];
        long[] time = Train.Time.ToArray();
        int[] item = Train.ItemIndex.ToArray();
        time[5]++;
        item[5]++;
        Dataset train = difference switch
        {
            "weight" => Train with { Weight = weight },
            "time" => Train with { Time = time },
            "item" => Train with { ItemIndex = item },
            "item name" => Train with { Items = new Vocabulary(Train.Items.AsEnumerable().Select(i => i == "item 7" ? "another" : i)) },
            "features" => Train with { Catalog = Train.Catalog with { FeatureNames = ["tempo"], Features = new float[Train.Items.Count] } },
            "users" => Train with { Users = new Vocabulary(Train.Users.AsEnumerable().Append("one more")) },
            _ => Train,
        };
        ICheckpointStore other = Checkpoints.Open(
            new FitContext { CheckpointFolder = _folder.Path, Seed = difference == "seed" ? 43UL : 42UL },
            difference == "model" ? "other" : "bpr", difference == "options" ? Options with { Regularization = 0.02 } : Options, train)!;
        Assert.Null(other.Read());
        other.Write(Sample(1));
        Assert.Equal(3, Open().Read()!.Epoch);
        Assert.Equal(1, other.Read()!.Epoch);
    }

    [Fact]
    public void Threads_do_not_matter()
    {
        Open().Write(Sample(3));
        Assert.Equal(3, Checkpoints.Open(new FitContext { CheckpointFolder = _folder.Path, Threads = 7 }, "bpr", Options, Train)!.Read()!.Epoch);
    }

    [Fact]
    public void A_file_of_another_run_under_this_name_is_refused()
    {
        Open().Write(Sample(3));
        string mine = Assert.Single(Directory.GetFiles(_folder.Path));
        ICheckpointStore other = Checkpoints.Open(new FitContext { CheckpointFolder = _folder.Path, Seed = 1 }, "bpr", Options, Train)!;
        other.Write(Sample(9));
        string its = Directory.GetFiles(_folder.Path).Single(f => f != mine);
        File.Move(its, mine, overwrite: true);
        DatasetException error = Assert.Throws<DatasetException>(() => Open().Read());
        Assert.Contains("another run", error.Message, StringComparison.Ordinal);
        Assert.Contains($"the checkpoint '{mine}' cannot be used", error.Message, StringComparison.Ordinal);
        Assert.Contains("delete it to train from the start", error.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void A_file_that_is_cut_off_or_changed_anywhere_is_refused_by_name_with_the_remedy()
    {
        Open().Write(Sample(3));
        string path = Assert.Single(Directory.GetFiles(_folder.Path));
        byte[] whole = File.ReadAllBytes(path);
        foreach (int length in new[] { 0, 4, 8, 50, whole.Length / 2, whole.Length - 1 })
        {
            File.WriteAllBytes(path, whole[..length]);
            Refused($"cut to {length}");
        }

        // Byte 8 opens the header. A blank that pads it may change without changing anything.
        for (int n = 0; n < whole.Length; n += 7)
        {
            byte[] changed = [.. whole];
            changed[n] ^= 0x20;
            if (whole[n] != ' ')
            {
                File.WriteAllBytes(path, changed);
                Refused($"byte {n} of {whole.Length}");
            }
        }

        File.WriteAllBytes(path, whole);
        Assert.Equal(3, Open().Read()!.Epoch);

        void Refused(string what)
        {
            string message = Assert.Throws<DatasetException>(() => { Assert.True(Open().Read() is null, what); }).Message;
            Assert.Contains(path, message, StringComparison.Ordinal);
            Assert.Contains("delete it to train from the start", message, StringComparison.Ordinal);
        }
    }

    [Fact]
    public void What_a_kill_in_the_middle_of_a_write_left_is_ignored_and_removed()
    {
        Open().Write(Sample(3));
        string path = Assert.Single(Directory.GetFiles(_folder.Path));
        File.WriteAllText(path + ".new-0123456789ab", "half a checkpoint");
        Assert.Equal(3, Open().Read()!.Epoch);
        Open().Write(Sample(4));
        Assert.Equal(4, Open().Read()!.Epoch);
        Assert.Equal([path], Directory.GetFiles(_folder.Path));
    }

    [Fact]
    public void A_folder_that_cannot_be_is_named()
    {
        string file = _folder.File("file");
        File.WriteAllText(file, "not a folder");
        DatasetException error = Assert.Throws<DatasetException>(
            () => Checkpoints.Open(new FitContext { CheckpointFolder = Path.Combine(file, "inside") }, "bpr", Options, Train));
        Assert.Contains(file, error.Message, StringComparison.Ordinal);
        Assert.Contains("name a folder that can be written", error.Message, StringComparison.Ordinal);
    }

    private ICheckpointStore Open() => Checkpoints.Open(new FitContext { CheckpointFolder = _folder.Path }, "bpr", Options, Train)!;

    private static Checkpoint Sample(int epoch, bool isStopped = false) => new(epoch, 10 * epoch, 0.1 * 0.7, isStopped, new Dictionary<string, CheckpointArray>
    {
        ["items"] = new(2, 3, [epoch, float.Epsilon, -0f, float.MaxValue, 1f / 3, float.NaN]),
        ["items.velocity"] = new(1, 6, [1, 2, 3, 4, 5, 6]),
        ["empty"] = new(0, 4, []),
    });
}
