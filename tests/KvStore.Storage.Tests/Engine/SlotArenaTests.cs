using System.Runtime.CompilerServices;
using KvStore.Storage.Engine.Index;

namespace KvStore.Storage.Tests.Engine;

public sealed class SlotArenaTests
{
    private const int Slots = 5000;

    /// <summary>Slots are found by address, so the collector must neither move nor take them.</summary>
    [Fact]
    public unsafe void Slots_stay_where_they_are()
    {
        var arena = new SlotArena<VersionSlot>();
        var places = new nint[Slots + 1];
        for (int i = 1; i <= Slots; i++)
        {
            Assert.Equal(i, arena.Allocate());
            arena[i] = new VersionSlot { Modified = (ulong)i, Depth = (uint)-i };
            places[i] = (nint)Unsafe.AsPointer(ref arena[i]);
            // What would fill a gap that the arena has left.
            GC.KeepAlive(GC.AllocateArray<byte>(1 << 10, pinned: true));
        }
        GC.Collect(GC.MaxGeneration, GCCollectionMode.Forced, blocking: true, compacting: true);
        for (int i = 0; i < 200; i++) GC.AllocateUninitializedArray<byte>(64 << 10, pinned: true).AsSpan().Fill(0xFF);
        for (int i = 1; i <= Slots; i++)
        {
            Assert.Equal(((ulong)i, (uint)-i), (arena[i].Modified, arena[i].Depth));
            Assert.Equal(places[i], (nint)Unsafe.AsPointer(ref arena[i]));
            Assert.Equal(0, places[i] % CacheLine.Bytes);
        }
        Assert.Equal(Slots, arena.Count);
    }

    [Fact]
    public void A_freed_slot_is_given_out_again()
    {
        var arena = new SlotArena<EntrySlot>();
        for (int i = 1; i <= Slots; i++) arena.Allocate();
        arena.Free(17);
        Assert.Equal(Slots - 1, arena.Count);
        Assert.Equal(17, arena.Allocate());
        Assert.Equal(Slots + 1, arena.Allocate());
    }
}
