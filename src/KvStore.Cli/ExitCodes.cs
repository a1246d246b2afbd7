using KvStore.Client;

namespace KvStore.Cli;

/// <summary>Which error gives which exit code.</summary>
internal static class ExitCodes
{
    public const string Help = """
        Exit codes:
          0  done
          1  another error
          2  wrong usage
          3  no such key, keyspace, node, group, lease or lock
          4  compare failed: a key is not as expected
          5  unavailable: no node could serve the call, or all refused it as overloaded
          6  deadline: no answer in time; a write may have taken effect
          7  fenced: the fencing token is not the newest
          8  permission denied
        """;

    public static ExitCode Of(Exception error) => error switch
    {
        CommandException e => e.Code,
        KvInvalidArgumentException or KvNotColocatedException => ExitCode.Usage,
        KvNotFoundException or KvLockNotFoundException or KvLeaseNotFoundException => ExitCode.NotFound,
        KvUnavailableException or KvResourceExhaustedException => ExitCode.Unavailable,
        KvTimeoutException => ExitCode.Deadline,
        KvFencedException => ExitCode.Fenced,
        KvPermissionDeniedException => ExitCode.Permission,
        _ => ExitCode.Error,
    };
}
