using System.Text;
using Segue.Core.Data;
using Segue.Import.Engine;

namespace Segue.Import.Formats;

/// <summary>The files of LightGCN and its successors: one line a user, <c>user item item …</c>, with a given split.</summary>
internal static class LightGcn
{
    private const int LookLines = 10_000;

    public static FormatDescription Format { get; } = new(
        "lightgcn",
        "LightGCN's files: one line a user with all items, train and test given",
        ["track", "artist", "album"],
        [new("train.txt, test.txt, valid.txt (optional)", "user item item …, between spaces; kept as the split 'given'")])
    {
        Read = Read,
    };

    private static Dataset Read(ImportRun run)
    {
        foreach ((InputFile file, byte fold) in Folds.Find(run, "train.txt", ".txt"))
        {
            RefuseTable(run, file);
            ReadFile(run, file, fold);
        }

        return run.Builder.Build();
    }

    // A table 'user item weight' would be read as two items a line. In LightGCN's files a user has one line, of any length.
    private static void RefuseTable(ImportRun run, InputFile file)
    {
        int width = 0, lines = 0;
        bool isNumbers = true, hasFraction = false, isUserRepeated = false;
        var users = new HashSet<string>(StringComparer.Ordinal);
        var items = new HashSet<string>(StringComparer.Ordinal);
        var values = new HashSet<string>(StringComparer.Ordinal);
        using var reader = new RowReader(file, run.Peek(file), (byte)' ', false, run.Limits.MaxLineBytes);
        while (lines < LookLines && reader.Read())
        {
            if (reader.Fault is not null)
            {
                continue;
            }

            width = lines++ == 0 ? reader.Count : width;
            if (reader.Count != width || width is < 3 or > 5)
            {
                return;
            }

            isUserRepeated |= !users.Add(Encoding.UTF8.GetString(reader[0]));
            items.Add(Encoding.UTF8.GetString(reader[1]));
            values.Add(Encoding.UTF8.GetString(reader[2]));
            isNumbers &= NumberText.IsNumber(reader[2]);
            hasFraction |= reader[2].Contains((byte)'.');
        }

        bool isRating = lines >= 5 && values.Count <= 10 && !values.Overlaps(items);
        if (lines > 1 && (isUserRepeated || (isNumbers && (hasFraction || isRating))))
        {
            string map = "user=0,item=1" + (isNumbers ? ",weight=2" : string.Empty) + (width > 3 ? ",time=3" : string.Empty);
            throw file.Broken(
                $"has {width} fields in every line, like a table of user, item and weight, not one line a user; import it as csv, with --map {map}");
        }
    }

    private static void ReadFile(ImportRun run, InputFile file, byte fold)
    {
        using RowReader reader = run.OpenRows(file, ' ', longLines: true);
        TableLog lines = run.Table("lines"), table = run.Interactions;
        int shown = 0;
        reader.Namer = () => shown == 0 ? string.Empty : Encoding.UTF8.GetString(reader[shown]);
        while (ImportRun.Next(reader, lines))
        {
            if (reader.Count < 2)
            {
                // In the original files users without a test item stand alone on their line.
                lines.Reject(Reasons.NoItems, reader);
                continue;
            }

            lines.Accept();
            int user = run.Builder.User(reader[0]);
            for (int i = 1; i < reader.Count; i++)
            {
                shown = i;

                // A pair in train and in test stays in both: the split is as it was given.
                table.Rows++;
                bool isNew = run.Builder.TryInteraction(user, run.Builder.Item(reader[i]), fold: fold, detail: fold);
                ImportRun.Settle(isNew, table, reader);
            }

            shown = 0;
        }
    }
}

/// <summary>Files whose names say which part of a given split they are.</summary>
internal static class Folds
{
    /// <summary>Train, validation and test files in this order; one file the user named is all train.</summary>
    public static IReadOnlyList<(InputFile File, byte Fold)> Find(ImportRun run, string expected, string extension)
    {
        var found = new List<(InputFile File, byte Fold)>();
        foreach (InputFile file in run.Inputs)
        {
            string name = file.FileName.ToLowerInvariant();
            int fold = !name.Contains(extension, StringComparison.Ordinal) ? -1
                : HasWord(name, "train") ? 0
                : HasWord(name, "valid") || HasWord(name, "validation") || HasWord(name, "val") ? 1
                : HasWord(name, "test") ? 2 : -1;
            if (fold >= 0)
            {
                found.Add((file, (byte)fold));
            }
        }

        if (found.Count == 0)
        {
            return run.Inputs.Count == 1 && run.Inputs[0].IsDirect ? [(run.Inputs[0], 0)] : throw run.WrongFiles(expected);
        }

        foreach (IGrouping<byte, (InputFile File, byte Fold)> same in found.GroupBy(f => f.Fold))
        {
            if (same.Count() > 1)
            {
                throw new ImportException($"there are {same.Count()} files for one part of the split: "
                    + $"{Text.List(same.Select(f => f.File.Name))}; give one of each");
            }
        }

        return found.Count == 1 ? [(found[0].File, 0)] : [.. found.OrderBy(f => f.Fold)];
    }

    // 'test' in test.txt and in x.test.inter, not in latest.txt.
    private static bool HasWord(string name, string word)
    {
        for (int at = name.IndexOf(word, StringComparison.Ordinal); at >= 0; at = name.IndexOf(word, at + 1, StringComparison.Ordinal))
        {
            int end = at + word.Length;
            if ((at == 0 || !char.IsLetter(name[at - 1])) && (end == name.Length || !char.IsLetter(name[end])))
            {
                return true;
            }
        }

        return false;
    }
}
