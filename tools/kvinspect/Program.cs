using KvStore.Inspect;
using KvStore.Storage.FileSystem;

InspectOptions? options = InspectOptions.Parse(args, Console.Out, Console.Error, out int exitCode);
return options is null ? exitCode : new WalInspection(FileSystems.ForThisPlatform(), options, Console.Out, Console.Error).Run();
