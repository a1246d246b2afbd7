using System.Buffers;
using Grpc.Core;
using Grpc.Protocol;
using KvStore.Grpc.Tests.Server;
using KvStore.Grpc.Tests.V1;

namespace KvStore.Grpc.Tests.Protocol;

/// <summary>The small pieces of the wire format, by themselves.</summary>
public sealed class WireTests
{
    private static readonly Marshaller<TestRequest> Marshaller = Marshallers.Create<TestRequest>(
        static (_, _) => throw new NotSupportedException(), static context => TestRequest.Parser.ParseFrom(context.PayloadAsReadOnlySequence()));

    [Theory]
    [InlineData("1H", 3_600_000)]
    [InlineData("2M", 120_000)]
    [InlineData("3S", 3_000)]
    [InlineData("4m", 4)]
    [InlineData("5000u", 5)]
    [InlineData("6000000n", 6)]
    public void Timeout_units(string text, int milliseconds)
    {
        Assert.True(GrpcTimeout.TryParse(text, out var timeout));
        Assert.Equal(TimeSpan.FromMilliseconds(milliseconds), timeout);
    }

    [Fact]
    public void Largest_timeout_does_not_overflow()
    {
        Assert.True(GrpcTimeout.TryParse("99999999H", out var timeout));
        Assert.True(timeout > TimeSpan.FromDays(4_000_000));
    }

    [Theory]
    [InlineData(-1, "1n")]
    [InlineData(0, "1n")]
    [InlineData(1, "1000u")]
    [InlineData(99_999, "99999000u")]
    [InlineData(100_000, "100000m")]
    [InlineData(200_000_000, "200000S")]
    public void Timeout_is_said_in_the_finest_unit_that_holds_it(long milliseconds, string expected) =>
        Assert.Equal(expected, GrpcTimeout.Format(TimeSpan.FromMilliseconds(milliseconds)));

    [Theory]
    [InlineData("plain text", "plain text")]
    [InlineData("100%", "100%25")]
    [InlineData("a\nb", "a%0Ab")]
    [InlineData("é", "%C3%A9")]
    public void Status_text_is_percent_encoded(string text, string expected)
    {
        Assert.Equal(expected, PercentEncoding.Encode(text));
        Assert.Equal(text, PercentEncoding.Decode(expected));
    }

    [Theory]
    [InlineData("50% off", "50% off")]
    [InlineData("%4", "%4")]
    [InlineData("%", "%")]
    [InlineData("%zz%41", "%zzA")]
    public void Bad_escapes_in_a_status_text_stay_as_they_are(string text, string expected) => Assert.Equal(expected, PercentEncoding.Decode(text));

    [Fact]
    public void Messages_are_found_wherever_the_bytes_are_cut()
    {
        byte[] bytes = [.. RawClient.Frame(new TestRequest { Name = "one" }), .. RawClient.EmptyMessage, .. RawClient.Frame(new TestRequest { Name = "three" })];
        for (var first = 0; first <= bytes.Length; first++)
        {
            for (var second = first; second <= bytes.Length; second++)
            {
                var received = Cut(bytes, first, second);
                var deserializer = new MessageDeserializer(null);
                var names = new List<string>();
                while (deserializer.TryRead(ref received, Marshaller, out var message))
                    names.Add(message!.Name);
                Assert.Equal(["one", "", "three"], names);
                Assert.True(received.IsEmpty);
            }
        }
    }

    [Fact]
    public void Part_of_a_message_is_left_alone()
    {
        var bytes = RawClient.Frame(new TestRequest { Name = "one" });
        for (var length = 0; length < bytes.Length; length++)
        {
            var received = new ReadOnlySequence<byte>(bytes, 0, length);
            Assert.False(new MessageDeserializer(null).TryRead(ref received, Marshaller, out _));
            Assert.Equal(length, received.Length);
        }
    }

    [Theory]
    [InlineData("", "v")]
    [InlineData("sp ace", "v")]
    [InlineData("ümlaut", "v")]
    [InlineData("key-bin", "text under a key for bytes")]
    [InlineData("key", "line\nfeed")]
    public void Metadata_that_cannot_be_sent_is_refused(string key, string value) => Assert.Throws<ArgumentException>(() => new Metadata { { key, value } });

    [Fact]
    public void Metadata_keys_differ_not_by_case_and_the_last_value_counts()
    {
        var metadata = new Metadata { { "X-Key", "1" }, { "x-key", "2" } };
        Assert.Equal("2", metadata.GetValue("X-KEY"));
        Assert.Equal(["1", "2"], metadata.GetAll("x-key").Select(entry => entry.Value));
        Assert.Throws<InvalidOperationException>(() => Metadata.Empty.Add("a", "b"));
    }

    private static ReadOnlySequence<byte> Cut(byte[] bytes, int first, int second)
    {
        var start = new Segment(bytes.AsMemory(0, first), null);
        var middle = new Segment(bytes.AsMemory(first, second - first), start);
        var end = new Segment(bytes.AsMemory(second), middle);
        return new ReadOnlySequence<byte>(start, 0, end, end.Memory.Length);
    }

    private sealed class Segment : ReadOnlySequenceSegment<byte>
    {
        public Segment(ReadOnlyMemory<byte> memory, Segment? previous)
        {
            Memory = memory;
            if (previous is null)
                return;
            RunningIndex = previous.RunningIndex + previous.Memory.Length;
            previous.Next = this;
        }
    }
}
