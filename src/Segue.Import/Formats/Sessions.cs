using System.Globalization;
using Segue.Core.Data;
using Segue.Import.Engine;

namespace Segue.Import.Formats;

/// <summary>Anonymous sessions: one a line, item ids in order. A session is a user, named by its part and line.</summary>
internal static class Sessions
{
    public static FormatDescription Format { get; } = new(
        "sessions",
        "listening sessions, one a line, item ids in order",
        ["track", "artist", "album"],
        [new("train_sessions.txt, test_sessions.txt, or one file",
            "item item …, between spaces; order and repeats are kept, train and test are kept as the split 'given'")])
    {
        Read = Read,
    };

    private static Dataset Read(ImportRun run)
    {
        run.Builder.IsOrdered = true;
        IReadOnlyList<(InputFile File, byte Fold)> files = Folds.Find(run, "train_sessions.txt", ".txt");
        foreach ((InputFile file, byte fold) in files)
        {
            ReadFile(run, file, fold, files.Count == 1 ? "session" : fold switch { 0 => "train", 1 => "validation", _ => "test" });
        }

        return run.Builder.Build();
    }

    private static void ReadFile(ImportRun run, InputFile file, byte fold, string part)
    {
        using RowReader reader = run.OpenRows(file, ' ', longLines: true);
        TableLog sessions = run.Table("sessions"), table = run.Interactions;
        while (ImportRun.Next(reader, sessions))
        {
            sessions.Accept();
            int user = run.Builder.User(string.Create(CultureInfo.InvariantCulture, $"{part}-{reader.Line}"));
            for (int i = 0; i < reader.Count; i++)
            {
                table.Rows++;
                run.Builder.Interaction(user, run.Builder.Item(reader[i]), fold: fold);
                table.Accept();
            }
        }
    }
}
