package dev.kapal.oci;

import com.fasterxml.jackson.annotation.JsonInclude;
import java.util.List;
import java.util.Map;
import java.util.Optional;

/**
 * What one document says about another piece of content (image-spec "Content Descriptors").
 *
 * @param mediaType what the content is
 * @param digest the digest of its bytes
 * @param size its length in bytes
 * @param urls where else it may be fetched from
 * @param annotations free text
 * @param data the content itself, base64, if embedded
 * @param artifactType the kind of artifact, if the content is an artifact's manifest
 * @param platform what the content runs on, in an index
 */
@JsonInclude(JsonInclude.Include.NON_EMPTY)
public record Descriptor(
    @JsonInclude(JsonInclude.Include.ALWAYS) String mediaType,
    Digest digest,
    @JsonInclude(JsonInclude.Include.ALWAYS) long size,
    List<String> urls,
    Map<String, String> annotations,
    Optional<String> data,
    Optional<String> artifactType,
    Optional<Platform> platform) {
  /** The annotation that gives a manifest its name in an OCI layout. */
  public static final String REF_NAME = "org.opencontainers.image.ref.name";

  /** Checks and copies. */
  @SuppressWarnings("ConstantValue") // Jackson passes null for what the document leaves out
  public Descriptor {
    mediaType = Copies.text(mediaType);
    if (digest == null) {
      throw new InvalidDocumentException("a descriptor has no digest");
    }
    if (size < 0) {
      throw new InvalidDocumentException("the descriptor of " + digest + " has the size " + size);
    }
    urls = Copies.list(urls);
    annotations = Copies.map(annotations);
    data = Copies.optional(data);
    artifactType = Copies.optional(artifactType);
    platform = Copies.optional(platform);
  }

  /** A descriptor of only the three required members. */
  public Descriptor(String mediaType, Digest digest, long size) {
    this(
        mediaType,
        digest,
        size,
        List.of(),
        Map.of(),
        Optional.empty(),
        Optional.empty(),
        Optional.empty());
  }

  /** The descriptor of a document that is at hand. */
  public static Descriptor of(String mediaType, byte[] content) {
    return new Descriptor(mediaType, Digest.sha256(content), content.length);
  }

  /** The same with these annotations. */
  public Descriptor withAnnotations(Map<String, String> newAnnotations) {
    return new Descriptor(
        mediaType, digest, size, urls, newAnnotations, data, artifactType, platform);
  }

  /** The same with this platform. */
  public Descriptor withPlatform(Platform newPlatform) {
    return new Descriptor(
        mediaType, digest, size, urls, annotations, data, artifactType, Optional.of(newPlatform));
  }
}
