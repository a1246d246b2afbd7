using System.Diagnostics;

namespace KvStore.Grpc.Tests.Interop;

/// <summary>Where the peers are, and whether they are there.</summary>
internal static class Peers
{
    /// <summary>Debian's own interpreter: the one on PATH may be another, without Debian's packages.</summary>
    public const string Python = "/usr/bin/python3";

    /// <summary>Scripts and protos beside the tests' source.</summary>
    public static string TestFolder { get; } = FindTestFolder();

    public static string NodeModules { get; } = Path.GetFullPath(Path.Combine(TestFolder, "..", "..", "artifacts", "interop", "node", "node_modules"));

    private static readonly string[] ProgramFolders = ["/usr/bin", "/usr/local/bin", "/usr/sbin"];

    private static readonly bool Required = Environment.GetEnvironmentVariable("KVSTORE_REQUIRE_INTEROP") == "1";

    private static readonly Lazy<string?> MissingPython = new(() =>
        Program("protoc") is null ? "protoc (protobuf-compiler) is not installed"
        : Succeeds(Python, "-c", "import grpc, google.protobuf") ? null
        : $"{Python} has no grpc and google.protobuf (python3-grpcio, python3-protobuf)");

    private static readonly Lazy<string?> MissingNode = new(() =>
        Program("node") is null ? "node is not installed"
        : !Directory.Exists(Path.Combine(NodeModules, "@grpc", "grpc-js")) ? $"@grpc/grpc-js is not installed in {NodeModules}"
        : null);

    private static readonly Lazy<string?> MissingEtcd = new(() => Program("etcd") is null ? "etcd (etcd-server) is not installed" : null);

    /// <summary>Null when the test is to run; a required peer that is absent fails in <see cref="Require"/>.</summary>
    public static string? ReasonToSkip(Peer peer) => Required || Missing(peer) is not { } missing ? null : $"{missing}; run tests/KvStore.Grpc.Tests/Interop/install-peers.sh as root";

    public static void Require(Peer peer) => Assert.True(Missing(peer) is null, $"KVSTORE_REQUIRE_INTEROP=1, but {Missing(peer)}.");

    public static string? Program(string name) => ProgramFolders.Select(folder => Path.Combine(folder, name)).FirstOrDefault(File.Exists);

    private static string? Missing(Peer peer) => peer switch
    {
        Peer.Python => MissingPython.Value,
        Peer.NodeJs => MissingNode.Value,
        Peer.Etcd => MissingEtcd.Value,
        _ => throw new ArgumentOutOfRangeException(nameof(peer)),
    };

    private static bool Succeeds(string program, params string[] arguments)
    {
        if (!File.Exists(program))
            return false;
        using var process = Process.Start(new ProcessStartInfo(program, arguments) { RedirectStandardOutput = true, RedirectStandardError = true })!;
        process.WaitForExit();
        return process.ExitCode == 0;
    }

    private static string FindTestFolder()
    {
        for (var folder = new DirectoryInfo(AppContext.BaseDirectory); folder is not null; folder = folder.Parent)
        {
            if (File.Exists(Path.Combine(folder.FullName, "KvStore.Grpc.Tests.csproj")))
                return folder.FullName;
        }

        throw new DirectoryNotFoundException($"The source folder of the tests is not above {AppContext.BaseDirectory}.");
    }
}
