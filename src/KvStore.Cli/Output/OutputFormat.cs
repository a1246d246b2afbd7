namespace KvStore.Cli.Output;

internal enum OutputFormat
{
    Text,
    Json,
    Table,
}
