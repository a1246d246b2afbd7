using System.Numerics;
using KvStore.Storage.Engine.Index;

namespace KvStore.Storage.Tests.Engine;

/// <summary>The jumps through a key's versions.</summary>
public sealed class HistoryJumpTests
{
    private const int Versions = 5000, PerMilestone = 16;

    /// <summary>The definition: of the milestones, two jumps of one length in a row become one over both, and every other one jumps to the one before it.</summary>
    [Fact]
    public void A_milestone_jumps_where_a_skew_binary_list_does()
    {
        var (tables, slots) = Linked();
        var jumps = new List<int> { 0 };
        for (var number = 1; number * PerMilestone <= Versions; number++)
        {
            int previous = number - 1, jump = jumps[previous], second = jumps[jump];
            jumps.Add(previous - jump == jump - second ? second : previous);
            Assert.Equal(Milestone(jumps[number]), DepthOf(tables, slots[Milestone(number)]));
        }
    }

    [Fact]
    public void Every_other_version_jumps_to_the_milestone_behind_it()
    {
        var (tables, slots) = Linked();
        for (var i = 1; i < Versions; i++)
            if ((i + 1) % PerMilestone != 0) Assert.Equal(Milestone(i / PerMilestone), DepthOf(tables, slots[i]));
    }

    [Fact]
    public void Any_version_of_a_long_history_is_a_logarithmic_number_of_steps_away()
    {
        var (tables, slots) = Linked();
        for (var target = 0; target < Versions; target++)
        {
            int at = Versions - 1, steps = 0;
            for (; at != target; steps++)
            {
                var jump = DepthOf(tables, slots[at]);
                at = jump >= target && jump != at ? jump : at - 1;
            }
            Assert.InRange(steps, 0, 2 * PerMilestone + 3 * BitOperations.Log2(Versions / PerMilestone));
        }
    }

    /// <summary>The oldest version stands for milestone 0.</summary>
    private static int Milestone(int number) => number == 0 ? 0 : number * PerMilestone - 1;

    /// <summary>Where a version's jump leads, counted from the oldest.</summary>
    private static int DepthOf(IndexTables tables, int slot) => (int)tables.Versions[tables.Versions[slot].Jump].Depth - 1;

    private static (IndexTables Tables, int[] Slots) Linked()
    {
        var tables = new IndexTables();
        var entry = tables.NewEntry("key"u8);
        var slots = new int[Versions];
        for (var i = 0; i < Versions; i++)
        {
            slots[i] = tables.Versions.Allocate();
            tables.Versions[slots[i]] = new VersionSlot { Modified = (ulong)i + 1 };
            tables.Link(entry, slots[i]);
        }
        return (tables, slots);
    }
}
