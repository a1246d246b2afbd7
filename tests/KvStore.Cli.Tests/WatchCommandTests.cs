using System.Text;
using KvStore.Cli.Output;
using KvStore.Client;

namespace KvStore.Cli.Tests;

public sealed class WatchCommandTests
{
    private static readonly KvWatchEvent Put = new(KvWatchEventKind.Put, new KvEntry("k", "new", 3, 5, 2, default), new KvEntry("k", "old", 3, 3, 1, default));
    private static readonly KvWatchEvent Delete = new(KvWatchEventKind.Delete, new KvEntry("k", new byte[0], 0, 6, 0, default), null);

    [Fact]
    public void Text_is_a_line_of_tabs()
    {
        Assert.Equal("5\tput\tk\tnew\n", Printed(output => WatchPrinter.Text(Put, KvWatchPrevious.Omit, output)));
        Assert.Equal("5\tput\tk\tnew\told\n", Printed(output => WatchPrinter.Text(Put, KvWatchPrevious.Include, output)));
        Assert.Equal("6\tdelete\tk\t\n", Printed(output => WatchPrinter.Text(Delete, KvWatchPrevious.Omit, output)));
    }

    [Fact]
    public void Json_is_an_object_a_line()
    {
        Assert.Equal("""{"range":1,"revision":5,"event":"put","key":"k","value":"new","create_revision":3,"version":2,"previous_value":"old","previous_mod_revision":3}""" + "\n",
            Printed(output => WatchPrinter.Json(Put, 1, null, output)));
        Assert.Equal("""{"range":1,"revision":6,"event":"delete","key":"k"}""" + "\n", Printed(output => WatchPrinter.Json(Delete, 1, null, output)));
        var bytes = Put with { Entry = Put.Entry with { Value = new byte[] { 0xFF } } };
        Assert.Contains("\"value_base64\":\"/w==\"", Printed(output => WatchPrinter.Json(bytes, 1, null, output)), StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("watch", "one of KEY")]
    [InlineData("watch k --prefix p", "one of KEY")]
    [InlineData("watch k --count -1", "--count")]
    [InlineData("watch k --no-puts --no-deletes", "nothing to watch")]
    [InlineData("watch k --from-revision 1 --resume t", "exclude")]
    [InlineData("watch k --resume rubbish", "token")]
    public async Task Wrong_usage_is_said_and_gives_2(string args, string mention)
    {
        var run = await CliRun.OfAsync(args.Split(' '));
        Assert.Equal(2, run.ExitCode);
        Assert.Contains(mention, run.Error, StringComparison.Ordinal);
    }

    private static string Printed(Action<Stream> print)
    {
        using var output = new MemoryStream();
        print(output);
        return Encoding.UTF8.GetString(output.ToArray());
    }
}
