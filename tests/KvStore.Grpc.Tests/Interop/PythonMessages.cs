namespace KvStore.Grpc.Tests.Interop;

/// <summary>The test messages for Python, generated into a peer's folder.</summary>
internal static class PythonMessages
{
    public static async Task<(string Name, string Value)> GenerateAsync(string folder)
    {
        await using var protoc = new PeerProcess();
        await PeerProcess.RunAsync(protoc, Peers.Program("protoc")!, [$"--python_out={folder}", $"--proto_path={Path.Combine(Peers.TestFolder, "Protos")}", "kvstore/test/v1/test.proto"]);
        return ("PYTHONPATH", folder);
    }

    public static string Script(string name) => Path.Combine(Peers.TestFolder, "Interop", "python", name);
}
