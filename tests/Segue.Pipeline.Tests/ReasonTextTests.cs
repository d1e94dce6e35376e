using Segue.Core.Contracts;
using Segue.Core.Data;
using Segue.Testing;
using Xunit;

namespace Segue.Pipeline.Tests;

public sealed class ReasonTextTests
{
    private static readonly Dataset Names = SmallWorld.Of(1, 3, [(0, 0)]);

    public static TheoryData<Reason[], string> Cases => new()
    {
        { [], "" },
        { [new(-1, 3, "popular")], "popular" },
        { [new(0, 3, "because_listened")], "because of item 0" },
        { [new(0, 3, "because_listened"), new(1, 1, "because_listened")], "because of item 0 (75\u00A0%) and item 1 (25\u00A0%)" },
        { [new(0, 3, "replayed")], "you play item 0" },
        { [new(0, 3, "this_session")], "because of item 0 (this session)" },

        // Shares are of everything that speaks for the item, profile and third reasons included.
        {
            [new(-1, 0.7, "alike_profile"), new(0, 0.2, "because_listened"), new(1, 0.1, "because_listened")],
            "because of listeners with a profile like yours (70\u00A0%) and item 0 (20\u00A0%)"
        },
        {
            [new(0, 0.5, "this_session"), new(1, 0.3, "because_listened"), new(-1, 0.2, "alike_profile")],
            "because of item 0 (this session, 50\u00A0%) and item 1 (30\u00A0%)"
        },
        { [new(0, 3, "because_listened"), new(0, 1, "same_artist")], "because of item 0 (75\u00A0%) and item 0 (same artist, 25\u00A0%)" },
        { [new(2, 3, "replayed"), new(0, 1, "because_listened")], "you play item 2 (75\u00A0%) and because of item 0 (25\u00A0%)" },

        // A share below 1 % is no reason; neither is a hundredth of a hundred equal ones, but all together.
        { [new(0, 300, "because_listened"), new(1, 2, "because_listened")], "because of item 0 (99\u00A0%)" },
        { [.. Enumerable.Range(0, 200).Select(_ => new Reason(0, 1, "because_listened"))], "because of 200 reasons, each below 1\u00A0%" },
        { [.. Enumerable.Range(0, 100).Select(_ => new Reason(1, 1, "because_listened"))], "because of item 1 (1\u00A0%) and item 1 (1\u00A0%)" },

        // What speaks against it has no share.
        { [new(0, 3, "because_listened"), new(1, -1, "because_listened")], "because of item 0" },
        { [new(0, -1, "because_listened")], "because listened" },
    };

    [Theory]
    [MemberData(nameof(Cases))]
    public void Reasons_in_words(Reason[] reasons, string expected) => Assert.Equal(expected, ReasonText.Of(reasons, Names));
}
