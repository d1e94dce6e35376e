using Segue.Core.Data;
using Segue.Core.Splitting;
using Xunit;

namespace Segue.Core.Tests.Splitting;

public sealed class UserHoldoutSplitTests
{
    [Theory]
    [InlineData(0.2, HeldOutItems.Random)]
    [InlineData(0.0, HeldOutItems.Random)]
    [InlineData(1.0, HeldOutItems.Last)]
    [InlineData(0.5, HeldOutItems.Last)]
    public void Held_out_users_are_whole_and_partly_masked(double masked, HeldOutItems pick) => RandomWorld.ForAll(world =>
    {
        Dataset dataset = world.Build();
        Split split = new UserHoldoutSplit(new() { Masked = masked, Pick = pick }).Cut(dataset, 1);
        ILookup<int, int> items = LeakCheck.Pairs(dataset).Distinct().ToLookup(p => p.User, p => p.Item);
        int[] train = Users(split.Train), validation = Users(split.Validation!.Relevant), test = Users(split.Test.Relevant);
        int eligible = items.Count(user => user.Count() >= 2);
        Assert.Equal(SplitParts.Round(eligible * 0.1), test.Length);
        Assert.Equal(SplitParts.Round(eligible * 0.2), test.Length + validation.Length);
        Assert.Empty(train.Intersect(validation).Concat(train.Intersect(test)).Concat(validation.Intersect(test)));
        Assert.Equal(validation, Users(split.Validation.Known));
        Assert.Equal(test, Users(split.Test.Known));
        Assert.True(split.Validation.IsFoldIn && split.Test.IsFoldIn);

        ILookup<int, int> hidden = LeakCheck.Pairs(split.Test.Relevant).Distinct().ToLookup(p => p.User, p => p.Item);
        foreach (int user in test)
        {
            int count = items[user].Count();
            Assert.Equal(Math.Clamp(SplitParts.Round(count * masked), 1, count - 1), hidden[user].Count());
            if (pick == HeldOutItems.Last)
            {
                // The pairs of a dataset in its order: first appearance.
                Assert.Equal(items[user].TakeLast(hidden[user].Count()).Order(), hidden[user].Order());
            }
        }
    });

    [Fact]
    public void A_user_with_one_item_trains()
    {
        var builder = new DatasetBuilder("ones", "track");
        for (int u = 0; u < 40; u++)
        {
            builder.Interaction(builder.User($"u{u}"), builder.Item($"i{u % 7}"));
            if (u < 10)
            {
                builder.Interaction(builder.User($"u{u}"), builder.Item($"i{(u + 1) % 7}"));
            }
        }

        Split split = new UserHoldoutSplit(new() { Train = 1, Validation = 4, Test = 5 }).Cut(builder.Build(), 1);
        Assert.All(Users(split.Test.Relevant), user => Assert.InRange(user, 0, 9));
        Assert.Equal(5, Users(split.Test.Relevant).Length);
        Assert.Equal(31, Users(split.Train).Length);
    }

    [Fact]
    public void Train_has_no_tag_of_a_held_out_user() => RandomWorld.ForAll(world =>
    {
        Split split = new UserHoldoutSplit(new()).Cut(world.Build(), 1);
        int[] heldOut = [.. Users(split.Test.Relevant), .. Users(split.Validation!.Relevant)];
        Assert.Empty(split.Train.Tags.UserIndex.ToArray().Intersect(heldOut));
        Assert.Contains(-1, split.Train.Tags.UserIndex.ToArray());
    });

    private static int[] Users(Dataset dataset) => [.. dataset.UserIndex.ToArray().Distinct()];
}
