package dev.kapal.cri.translate;

import dev.kapal.cri.proto.ImageSpec;
import dev.kapal.image.Image;
import dev.kapal.image.Images;
import dev.kapal.oci.InvalidReferenceException;
import dev.kapal.oci.Reference;
import java.util.Optional;
import java.util.regex.Pattern;

/**
 * The names that Kubernetes has for images. A short name is Docker Hub's here, never one of {@code
 * localhost}: a pod means the same on each node.
 */
public final class ImageNames {
  private static final Pattern ID = Pattern.compile("(?:sha256:)?[0-9a-f]{3,64}");

  private ImageNames() {}

  /**
   * What was named, if anything.
   *
   * @throws IllegalArgumentException nothing was
   */
  public static String of(ImageSpec spec) {
    String name = spec.getImage().isEmpty() ? spec.getImageRef() : spec.getImage();
    if (name.isBlank()) {
      throw new IllegalArgumentException("no image is named");
    }
    return name;
  }

  /**
   * The whole name, as the store has it.
   *
   * @throws InvalidReferenceException it is none
   */
  public static Reference whole(String name) {
    return Reference.parse(name).tagged();
  }

  /** Whether it may be an id, or the beginning of one. */
  public static boolean maybeId(String text) {
    return ID.matcher(text).matches();
  }

  /** The image of that name or id. */
  public static Optional<Image> find(Images images, String text) {
    Optional<Image> byName = Optional.empty();
    try {
      byName = images.find(whole(text).toString());
    } catch (InvalidReferenceException e) {
      if (!maybeId(text)) {
        throw e;
      }
    }
    return byName.isPresent() || !maybeId(text) ? byName : byId(images, text);
  }

  private static Optional<Image> byId(Images images, String text) {
    String hex = text.startsWith("sha256:") ? text.substring("sha256:".length()) : text;
    // A name of hexadecimal digits is looked up, too; what it finds has to have the id.
    return images.find("sha256:" + hex).filter(i -> i.id().hex().startsWith(hex));
  }
}
