package dev.kapal.oci;

import java.util.Map;
import java.util.Optional;

/** What a registry answers for a reference: the manifest of an image or an index of manifests. */
public sealed interface Document permits Manifest, Index {
  /** What the document says that it is; empty in old OCI documents. */
  Optional<String> mediaType();

  /** Free text. */
  Map<String, String> annotations();
}
