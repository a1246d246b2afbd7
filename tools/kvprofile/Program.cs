using KvStore.Profile;

const string Usage = """
    Turns what the runtime counted in instrumented code into a profile that the native compiler reads (docs/adr/0020).
    usage: kvprofile OUTPUT.mibc --assemblies DIR... --counts FILE...
      --assemblies    folders with the assemblies that ran, those of the runtime too
      --counts        what DOTNET_WritePGOData wrote
    """;

string[] output = [], assemblies = [], counts = [];
var option = "";
foreach (var argument in args)
{
    if (argument.StartsWith("--", StringComparison.Ordinal)) option = argument;
    else if (option == "") output = [.. output, argument];
    else if (option == "--assemblies") assemblies = [.. assemblies, argument];
    else if (option == "--counts") counts = [.. counts, argument];
}

if (output.Length != 1 || assemblies.Length == 0 || counts.Length == 0)
{
    Console.Error.WriteLine(Usage);
    return 2;
}

try
{
    using var index = AssemblyIndex.Open(assemblies);
    var profile = new ProfileModule(index);
    var methods = CountedMethod.Merge(counts.SelectMany(CountedMethod.ReadFile));
    foreach (var method in methods) profile.Add(method);
    profile.Save(output[0]);
    Console.WriteLine($"{output[0]}: {profile.MethodCount} methods; {profile.UnknownCount} others are in no assembly, or are not told apart by their names");
    return 0;
}
catch (Exception e) when (e is IOException or InvalidDataException or UnauthorizedAccessException)
{
    Console.Error.WriteLine($"kvprofile: {e.Message}");
    return 1;
}
