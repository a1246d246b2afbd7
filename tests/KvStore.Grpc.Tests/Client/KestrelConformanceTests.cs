using KvStore.Grpc.Tests.Service;

namespace KvStore.Grpc.Tests.Client;

/// <summary>Our client against our server.</summary>
public sealed class KestrelConformanceTests(TestServerFixture fixture) : IClassFixture<TestServerFixture>
{
    public static TheoryData<string> Checks => ClientChecks.Names;

    [Theory]
    [MemberData(nameof(Checks))]
    public Task Check(string name) => ClientChecks.RunAsync(name, fixture.Client);
}
