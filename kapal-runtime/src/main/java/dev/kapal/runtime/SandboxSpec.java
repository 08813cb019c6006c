package dev.kapal.runtime;

import dev.kapal.oci.runtime.NamespaceType;
import java.nio.file.Path;
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
 */
public record SandboxSpec(
    String id,
    Path stateDirectory,
    Map<NamespaceType, Path> namespaces,
    Map<String, String> annotations) {
  /** Copies the maps. */
  public SandboxSpec {
    namespaces = Map.copyOf(namespaces);
    annotations = Map.copyOf(annotations);
  }

  /** A sandbox without pinned namespaces and annotations. */
  public static SandboxSpec of(String id, Path stateDirectory) {
    return new SandboxSpec(id, stateDirectory, Map.of(), Map.of());
  }
}
