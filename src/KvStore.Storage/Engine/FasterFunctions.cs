using FASTER.core;
using KvStore.Raft;

namespace KvStore.Storage.Engine;

/// <summary>How FASTER copies values in and out: whole, once, never in place.</summary>
internal sealed class FasterFunctions : FunctionsBase<RecordId, SpanByte, int, byte[]?, int>
{
    public override bool SingleWriter(ref RecordId key, ref int input, ref SpanByte src, ref SpanByte dst, ref byte[]? output, ref UpsertInfo upsertInfo, WriteReason reason)
    {
        src.CopyTo(ref dst);
        return true;
    }

    public override bool ConcurrentWriter(ref RecordId key, ref int input, ref SpanByte src, ref SpanByte dst, ref byte[]? output, ref UpsertInfo upsertInfo)
    {
        // A replay after a restart may come upon a record that is still in memory: the same bytes, nothing to do.
        Invariant.That(src.AsReadOnlySpan().SequenceEqual(dst.AsReadOnlySpan()), "a record is written once");
        return true;
    }

    public override bool SingleReader(ref RecordId key, ref int input, ref SpanByte value, ref byte[]? dst, ref ReadInfo readInfo)
    {
        dst = Bytes(ref value).ToArray();
        return true;
    }

    public override bool ConcurrentReader(ref RecordId key, ref int input, ref SpanByte value, ref byte[]? dst, ref ReadInfo readInfo)
    {
        dst = Bytes(ref value).ToArray();
        return true;
    }

    /// <summary>A value's bytes. A flipped bit may make it claim to be a pointer: then none, which no record has.</summary>
    public static ReadOnlySpan<byte> Bytes(ref SpanByte value) => value.Serialized && value.MetadataSize == 0 ? value.AsReadOnlySpan() : default;

    /// <summary>
    /// The lower bits choose the bucket: revisions that follow each other lie in one, and then in the next, so that a writer works its way through the table instead of
    /// missing the cache with every record; stays and subs begin anywhere. The upper bits tell the records of a bucket apart, and are mixed. Frozen (docs/formats/engine.md).
    /// </summary>
    public sealed class Comparer : IFasterEqualityComparer<RecordId>
    {
        /// <summary>What FASTER keeps of a hash beside the address: its uppermost bits.</summary>
        private const int TagBits = 14;
        private const int TagShift = 64 - TagBits;
        private const ulong RevisionsPerBucket = 4;

        public long GetHashCode64(ref RecordId key)
        {
            var stream = key.Stay.Value * 0xD6E8FEB86659FD93UL + key.Sub * 0xC2B2AE3D27D4EB4FUL;
            var place = key.Revision.Value / RevisionsPerBucket + stream;
            var tag = (key.Revision.Value + stream) * 0x9E3779B97F4A7C15UL;
            tag = (tag ^ (tag >> 32)) * 0xD6E8FEB86659FD93UL;
            return (long)((tag >> TagShift << TagShift) | (place & ((1UL << TagShift) - 1)));
        }

        public bool Equals(ref RecordId a, ref RecordId b) => a.Revision == b.Revision && a.Stay == b.Stay && a.Sub == b.Sub;
    }

    /// <summary>For compaction: a record that nothing leads to is dropped.</summary>
    public readonly struct Liveness(IsLive isLive) : ICompactionFunctions<RecordId, SpanByte>
    {
        public bool IsDeleted(ref RecordId key, ref SpanByte value) => !isLive(in key, Bytes(ref value));
    }
}
