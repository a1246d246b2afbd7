using System.Text.RegularExpressions;

namespace KvStore.Node.Tests.StateMachine;

/// <summary>
/// A node passes the bytes of kvstore.v1 batches into the log as kvstore.node commands, so the two must agree field by field; what the log leaves out is reserved there, so that
/// nobody gives the number another meaning.
/// </summary>
public sealed class ProtoMirrorTests
{
    private static readonly Dictionary<string, string> Counterparts = new()
    {
        ["Route"] = "Route", ["RangeCommands"] = "Batch", ["Command"] = "Operation", ["Put"] = "PutRequest", ["Delete"] = "DeleteRequest",
        ["CompareAndSwap"] = "CompareAndSwapRequest", ["Increment"] = "IncrementRequest",
        ["Fence"] = "Fence", ["Transaction"] = "TransactionRequest", ["Compare"] = "Compare", ["TransactionOperation"] = "TransactionOperation",
        ["TransactionGet"] = "TransactionGet", ["TransactionPut"] = "TransactionPut", ["TransactionDelete"] = "TransactionDelete",
        ["TransactionResponse"] = "TransactionResponse", ["TransactionResult"] = "TransactionResult", ["TransactionGetResult"] = "TransactionGetResult",
        ["TransactionPutResult"] = "TransactionPutResult", ["TransactionDeleteResult"] = "TransactionDeleteResult", ["KeyValue"] = "KeyValue",
    };

    public static TheoryData<string> Messages() => [.. Counterparts.Keys];

    [Theory]
    [MemberData(nameof(Messages))]
    public void Every_logged_field_has_the_number_type_and_label_of_the_client_api(string message)
    {
        var logged = ProtoMessage.Read("src/KvStore.Node/Protos/kvstore/node/commands.proto", message);
        var api = ProtoMessage.Read("src/KvStore.Protocol/Protos/kvstore/v1/kv.proto", Counterparts[message]);
        Assert.NotEmpty(logged.Fields);
        foreach (var (number, field) in logged.Fields)
        {
            Assert.True(api.Fields.TryGetValue(number, out var counterpart), $"{message}.{field.Name} = {number} is not in the API");
            Assert.Equal((field.Label, Counterparts.GetValueOrDefault(field.Type, field.Type), Name(field)), (counterpart.Label, counterpart.Type, counterpart.Name));
        }
    }

    [Theory]
    [MemberData(nameof(Messages))]
    public void Every_field_that_is_not_logged_is_reserved_in_the_log(string message)
    {
        var logged = ProtoMessage.Read("src/KvStore.Node/Protos/kvstore/node/commands.proto", message);
        var api = ProtoMessage.Read("src/KvStore.Protocol/Protos/kvstore/v1/kv.proto", Counterparts[message]);
        Assert.Equal(api.Fields.Keys.Except(logged.Fields.Keys).Order(), logged.Reserved.Order());
    }

    private static string Name(ProtoField field) => field is { Type: "Command", Name: "commands" } ? "operations" : field.Name;

    private readonly record struct ProtoField(string Label, string Type, string Name);

    private sealed record ProtoMessage(IReadOnlyDictionary<int, ProtoField> Fields, IReadOnlyList<int> Reserved)
    {
        public static ProtoMessage Read(string path, string message)
        {
            var text = Regex.Replace(File.ReadAllText(Path.Combine(Repository(), path)), "//.*", "");
            var start = Regex.Match(text, $@"\bmessage {message}\s*\{{");
            Assert.True(start.Success, $"{path} has no message {message}");
            var end = start.Index + start.Length;
            for (var depth = 1; depth > 0; end++) depth += text[end] == '{' ? 1 : text[end] == '}' ? -1 : 0;
            var body = text[(start.Index + start.Length)..end];
            var fields = Regex.Matches(body, @"(?:\b(optional|repeated)\s+)?\b(\w+)\s+(\w+)\s*=\s*(\d+)\s*;")
                .ToDictionary(m => int.Parse(m.Groups[4].Value), m => new ProtoField(m.Groups[1].Value, m.Groups[2].Value, m.Groups[3].Value));
            var reserved = Regex.Matches(body, @"\breserved\s+([\d,\s]+);").SelectMany(m => m.Groups[1].Value.Split(',').Select(int.Parse)).ToList();
            return new ProtoMessage(fields, reserved);
        }

        private static string Repository()
        {
            var directory = AppContext.BaseDirectory;
            while (!File.Exists(Path.Combine(directory, "KvStore.sln")))
                directory = Path.GetDirectoryName(directory) ?? throw new InvalidOperationException("the tests do not run inside the repository");
            return directory;
        }
    }
}
