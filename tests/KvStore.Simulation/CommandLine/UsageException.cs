namespace KvStore.Simulation.CommandLine;

/// <summary>A wrong command line; the program says so in one line and exits with 64.</summary>
internal sealed class UsageException(string message) : Exception(message);
