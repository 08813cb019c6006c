package dev.kapal.oci;

import com.fasterxml.jackson.annotation.JsonInclude;
import java.util.List;
import java.util.Map;
import java.util.Optional;

/**
 * The manifest of one image (image-spec "Image Manifest", Docker schema 2).
 *
 * @param schemaVersion always 2
 * @param mediaType what the document says that it is
 * @param artifactType what it is if not an image
 * @param config the image's configuration
 * @param layers the file system, base first
 * @param subject the manifest that this one refers to
 * @param annotations free text
 */
@JsonInclude(JsonInclude.Include.NON_EMPTY)
public record Manifest(
    int schemaVersion,
    Optional<String> mediaType,
    Optional<String> artifactType,
    Descriptor config,
    @JsonInclude(JsonInclude.Include.ALWAYS) List<Descriptor> layers,
    Optional<Descriptor> subject,
    Map<String, String> annotations)
    implements Document {
  /** More layers than any overlay mount takes; a longer list is an attack. */
  public static final int MAX_LAYERS = 512;

  /** Checks and copies. */
  @SuppressWarnings("ConstantValue") // Jackson passes null for what the document leaves out
  public Manifest {
    if (schemaVersion != 2) {
      throw new InvalidDocumentException("a manifest has the schema version " + schemaVersion);
    }
    if (config == null) {
      throw new InvalidDocumentException("a manifest has no config");
    }
    mediaType = Copies.optional(mediaType);
    artifactType = Copies.optional(artifactType);
    layers = Copies.list(layers);
    if (layers.size() > MAX_LAYERS) {
      throw new InvalidDocumentException(
          "a manifest has " + layers.size() + " layers; at most " + MAX_LAYERS + " are taken");
    }
    subject = Copies.optional(subject);
    annotations = Copies.map(annotations);
  }

  /** An OCI manifest of an image. */
  public static Manifest of(Descriptor config, List<Descriptor> layers) {
    return new Manifest(
        2,
        Optional.of(MediaTypes.MANIFEST),
        Optional.empty(),
        config,
        layers,
        Optional.empty(),
        Map.of());
  }
}
