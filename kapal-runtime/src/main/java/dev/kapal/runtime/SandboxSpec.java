package dev.kapal.runtime;

import dev.kapal.oci.runtime.IdMapping;
import dev.kapal.oci.runtime.NamespaceType;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;

/**
 * The sandbox to make.
 *
 * @param id its name: 1 to 128 of letters, digits, {@code _ . -}, the first a letter or digit
 * @param stateDirectory directory for its state, on a local file system; made with mode 0700 if
 *     missing; it belongs to the runtime until the sandbox is gone, and is what {@link
 *     Runtime#reconnect} wants
 * @param namespaces namespaces to make for all its containers and the files at which to pin them
 *     (made if missing); a container joins one by naming the path in its config. Of a sandbox of
 *     one container: empty
 * @param annotations free text
 * @param uidMappings of the user namespace, if there is one among the namespaces; it owns the
 *     others then
 * @param gidMappings as uidMappings
 */
public record SandboxSpec(
    String id,
    Path stateDirectory,
    Map<NamespaceType, Path> namespaces,
    Map<String, String> annotations,
    List<IdMapping> uidMappings,
    List<IdMapping> gidMappings) {
  /** Copies the collections. */
  public SandboxSpec {
    namespaces = Map.copyOf(namespaces);
    annotations = Map.copyOf(annotations);
    uidMappings = List.copyOf(uidMappings);
    gidMappings = List.copyOf(gidMappings);
    boolean user = namespaces.containsKey(NamespaceType.USER);
    if (user == uidMappings.isEmpty() || user == gidMappings.isEmpty()) {
      throw new IllegalArgumentException(
          "a sandbox's user namespace goes with mappings of user and of group ids");
    }
  }

  /** A sandbox without a user namespace. */
  public SandboxSpec(
      String id,
      Path stateDirectory,
      Map<NamespaceType, Path> namespaces,
      Map<String, String> annotations) {
    this(id, stateDirectory, namespaces, annotations, List.of(), List.of());
  }

  /** A sandbox without pinned namespaces and annotations. */
  public static SandboxSpec of(String id, Path stateDirectory) {
    return new SandboxSpec(id, stateDirectory, Map.of(), Map.of());
  }
}
