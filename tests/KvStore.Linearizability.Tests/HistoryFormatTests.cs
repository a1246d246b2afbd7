using System.Text;

namespace KvStore.Linearizability.Tests;

public sealed class HistoryFormatTests
{
    private const string Good = """{"client":1,"key":"x","op":"put","in":1,"out":null,"call":0,"return":5,"ok":true}""";

    [Theory]
    [InlineData("nonsense", "not JSON at byte")]
    [InlineData("""{"client":1""", "not JSON at byte")]
    [InlineData(Good + "x", "not JSON at byte")]
    [InlineData("[]", "expected a JSON object")]
    [InlineData("""{"key":"x","op":"put","in":1,"out":null,"call":0,"return":5,"ok":true}""", "\"client\" is missing")]
    [InlineData("""{"client":1,"key":"x","op":"put","in":1,"out":null,"call":0,"return":5}""", "\"ok\" is missing")]
    [InlineData("""{"client":1,"client":2,"key":"x","op":"put","in":1,"out":null,"call":0,"return":5,"ok":true}""", "\"client\" stands there twice")]
    [InlineData("""{"client":1.5,"key":"x","op":"put","in":1,"out":null,"call":0,"return":5,"ok":true}""", "\"client\" must be a 32-bit integer, not 1.5")]
    [InlineData("""{"client":1,"key":7,"op":"put","in":1,"out":null,"call":0,"return":5,"ok":true}""", "\"key\" must be a string")]
    [InlineData("""{"client":1,"key":"x","op":"push","in":1,"out":null,"call":0,"return":5,"ok":true}""", "unknown op \"push\"")]
    [InlineData("""{"client":1,"key":"x","op":"put","in":null,"out":null,"call":0,"return":5,"ok":true}""", "\"in\" of a put must be a string or an integer, not null")]
    [InlineData("""{"client":1,"key":"x","op":"put","in":1.5,"out":null,"call":0,"return":5,"ok":true}""", "\"in\" of a put must be a string, a 64-bit integer or null")]
    [InlineData("""{"client":1,"key":"x","op":"get","in":1,"out":null,"call":0,"return":5,"ok":true}""", "\"in\" of a get must be null")]
    [InlineData("""{"client":1,"key":"x","op":"get","in":null,"out":[],"call":0,"return":5,"ok":true}""", "\"out\" of a get must be")]
    [InlineData("""{"client":1,"key":"x","op":"cas","in":[1],"out":true,"call":0,"return":5,"ok":true}""", "\"in\" of a cas")]
    [InlineData("""{"client":1,"key":"x","op":"cas","in":[1,2,3],"out":true,"call":0,"return":5,"ok":true}""", "too many entries")]
    [InlineData("""{"client":1,"key":"x","op":"cas","in":[1,2],"out":null,"call":0,"return":5,"ok":true}""", "\"out\" of a completed cas must be true or false, not null")]
    [InlineData("""{"client":1,"key":"x","op":"put","in":1,"out":null,"call":"0","return":5,"ok":true}""", "\"call\" must be a 64-bit integer (nanoseconds)")]
    [InlineData("""{"client":1,"key":"x","op":"put","in":1,"out":null,"call":9,"return":5,"ok":true}""", "return 5 is before call 9")]
    [InlineData("""{"client":1,"key":"x","op":"put","in":1,"out":null,"call":0,"return":null,"ok":true}""", "a completed operation has no return time")]
    [InlineData("""{"client":1,"key":"x","op":"put","in":1,"out":null,"call":0,"return":5,"ok":"maybe"}""", "\"ok\" must be true, false or \"info\", not maybe")]
    [InlineData("""{"client":1,"key":"x\ud800","op":"put","in":1,"out":null,"call":0,"return":5,"ok":true}""", "a string is not valid UTF-8")]
    [InlineData("""{"client":1,"key":"","op":"txn","in":{"if":[],"then":[["get","a"]]},"out":{"taken":true,"res":[1]},"call":0,"return":5,"ok":true}""", "needs if, then and else")]
    [InlineData("""{"client":1,"key":"","op":"txn","in":{"if":[],"then":[["get","a"]],"else":[]},"out":{"taken":true,"res":[]},"call":0,"return":5,"ok":true}""", "\"res\" has 0 entries for 1 steps taken")]
    [InlineData("""{"client":1,"key":"","op":"txn","in":{"if":[],"then":[["push","a"]],"else":[]},"out":{"taken":true,"res":[1]},"call":0,"return":5,"ok":true}""", "expected get, put or delete")]
    public void A_broken_line_is_named_by_file_and_line_with_the_reason(string line, string reason)
    {
        var broken = Assert.Throws<HistoryFormatException>(() => Read($"# a comment\n\n{Good}\n{line}\n"));

        Assert.Equal("runs/history.jsonl:4", broken.Where);
        Assert.StartsWith("runs/history.jsonl:4: ", broken.Message);
        Assert.Contains(reason, broken.Reason);
    }

    [Fact]
    public void A_client_that_overlaps_itself_is_named_with_both_lines()
    {
        var broken = Assert.Throws<HistoryFormatException>(() => Read($"{Good}\n{Good.Replace("\"call\":0", "\"call\":4")}\n"));

        Assert.Equal("runs/history.jsonl:2", broken.Where);
        Assert.Equal("client 1 calls at 4 while its call at 0 (line 1) runs until 5", broken.Reason);
    }

    [Fact]
    public void A_line_of_invalid_bytes_is_refused()
    {
        byte[] bytes = [.. Encoding.UTF8.GetBytes("{\"client\":1,\"key\":\""), 0xff, .. Encoding.UTF8.GetBytes("\",\"op\":\"get\",\"in\":null,\"out\":null,\"call\":0,\"return\":5,\"ok\":true}")];

        var broken = Assert.Throws<HistoryFormatException>(() => History.Read(new MemoryStream(bytes), "f"));

        Assert.Equal("f:1", broken.Where);
    }

    [Fact]
    public void A_history_in_memory_is_named_by_position()
    {
        var broken = Assert.Throws<HistoryFormatException>(() => History.Of([Operation.Get(1, "x", 0).ReturnedValue(1, 5), Operation.Put(2, "x", Value.Absent, 0).Returned(5)]));

        Assert.Equal("operation 1", broken.Where);
        Assert.Equal("a Put needs a value", broken.Reason);
    }

    [Fact]
    public void Byte_order_mark_line_ends_blank_lines_comments_and_other_members_are_no_operations()
    {
        var history = Read("\uFEFF# made by hand\r\n\r\n  " + Good.Replace("}", ",\"node\":{\"id\":[1]},\"error\":\"x\"}") + "\t\r\n\n" + Good.Replace("\"client\":1", "\"client\":2"));

        Assert.Equal([3, 5], history.Operations.Select(o => o.Line));
        Assert.Equal("client 1: put \"x\" 1 [0, 5] line 3", history.Operations[0].ToString());
    }

    [Fact]
    public void A_missing_file_is_an_io_error() => Assert.Throws<FileNotFoundException>(() => History.Read("no-such-history.jsonl"));

    [Fact]
    public void Nothing_completed_is_visible_in_the_history() =>
        Assert.Equal(0, History.Of([Operation.Put(1, "x", 1, 0), Operation.Put(2, "x", 1, 0).Failed(5)]).CompletedCount);

    [Fact]
    public void What_is_written_is_read_back()
    {
        var shape = new HistoryShape { Operations = 40, Clients = 4, Keys = 3, Kinds = Enum.GetValues<OperationKind>(), UnknownPercent = 20, FailedPercent = 10 };
        for (var seed = 0; seed < 100; seed++)
        {
            var operations = new HistoryGenerator(seed).Legal(shape);
            var bytes = Write(operations);

            var read = History.Read(new MemoryStream(bytes), "f").Operations;

            Assert.Equal(operations.Select(o => o.ToString()), read.Select(o => (o with { Line = 0 }).ToString()));
            Assert.Equal(bytes, Write(read));
        }
    }

    [Theory]
    [InlineData("")]
    [InlineData("null")]
    [InlineData("4")]
    [InlineData("line\nbreak \u0000 \"quoted\" \\ é 漢 😀 </script>")]
    public void Any_text_survives_as_key_and_value(string text)
    {
        var operation = Operation.CompareAndSwap(-3, text, text, long.MinValue, call: -5).Swapped(at: long.MaxValue);

        var read = Assert.Single(History.Read(new MemoryStream(Write([operation])), "f").Operations);

        Assert.Equal(operation, read with { Line = 0 });
    }

    [Fact]
    public void A_line_longer_than_the_read_buffer_is_read_whole()
    {
        var operation = Operation.Put(1, "x", new string('y', 3 << 20), 0).Returned(5);

        Assert.Equal([operation, operation with { Client = 2 }], History.Read(new MemoryStream(Write([operation, operation with { Client = 2 }])), "f").Operations.Select(o => o with { Line = 0 }));
    }

    private static History Read(string text) => History.Read(new MemoryStream(Encoding.UTF8.GetBytes(text)), "runs/history.jsonl");

    private static byte[] Write(IEnumerable<Operation> operations)
    {
        var stream = new MemoryStream();
        using (var writer = new HistoryWriter(stream))
        {
            foreach (var operation in operations) writer.Write(operation);
        }
        return stream.ToArray();
    }
}
