namespace KvStore.Cli;

/// <summary>What kvctl tells the shell. The numbers are a contract.</summary>
internal enum ExitCode
{
    Ok = 0,
    Error = 1,
    Usage = 2,
    NotFound = 3,
    CompareFailed = 4,
    Unavailable = 5,
    Deadline = 6,
    Fenced = 7,
    Permission = 8,
}
