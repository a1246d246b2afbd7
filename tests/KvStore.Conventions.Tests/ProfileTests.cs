using System.IO.Compression;
using System.Reflection.Metadata;
using System.Reflection.PortableExecutable;

namespace KvStore.Conventions.Tests;

/// <summary>The profile that native programs are compiled with is of this code: the compiler passes over what it does not find, without a word.</summary>
public sealed class ProfileTests
{
    [Fact]
    public void Most_methods_of_the_profile_are_in_the_code_still()
    {
        using var archive = ZipFile.OpenRead(Path.Combine(Repository.Root, "tools/kvprofile/kvstore.mibc"));
        using var image = new MemoryStream();
        using (var entry = archive.GetEntry("kvstore.mibc.dll")!.Open()) entry.CopyTo(image);
        image.Position = 0;
        using var file = new PEReader(image);
        var profile = file.GetMetadataReader();
        Assert.Contains(profile.MethodDefinitions, method => profile.StringComparer.Equals(profile.GetMethodDefinition(method).Name, "AssemblyDictionary"));
        var sources = Repository.Sources("src", "tools").ToDictionary(source => source.Path.Replace('\\', '/'), source => string.Join('\n', source.Lines), StringComparer.Ordinal);
        var methods = (
            from handle in profile.MemberReferences
            let method = profile.GetMemberReference(handle)
            where method.Parent.Kind == HandleKind.TypeReference
            let type = profile.GetTypeReference((TypeReferenceHandle)method.Parent)
            let space = profile.GetString(type.Namespace)
            let name = profile.GetString(method.Name)
            where space.StartsWith("KvStore.", StringComparison.Ordinal) && !space.StartsWith("KvStore.Protocol", StringComparison.Ordinal) && char.IsLetter(name[0]) && !name.Contains('_') && !name.Contains('.')
            select (File: $"/{profile.GetString(type.Name)}.cs", Name: name)).ToList();
        Assert.True(methods.Count >= 300, $"The profile has {methods.Count} methods of this code.");
        var gone = methods.Where(method => !sources.Any(source => source.Key.EndsWith(method.File, StringComparison.Ordinal) && source.Value.Contains(method.Name))).ToList();
        Assert.True(gone.Count <= methods.Count / 5, $"{gone.Count} of the profile's {methods.Count} methods are gone; record it anew with tools/profile: {string.Join(", ", gone)}");
    }
}
