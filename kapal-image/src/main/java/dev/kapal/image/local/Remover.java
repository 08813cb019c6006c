package dev.kapal.image.local;

import dev.kapal.image.Image;
import dev.kapal.image.ImageException;
import dev.kapal.image.PruneRequest;
import dev.kapal.image.RemoveResult;
import dev.kapal.linux.FaultPoint;
import dev.kapal.oci.Digest;
import dev.kapal.oci.OciException;
import dev.kapal.oci.Reference;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.HashSet;
import java.util.List;
import java.util.Optional;
import java.util.Set;

/** Takes names and images away. */
final class Remover {
  private final StoreParts parts;
  private final ImageFinder finder;
  private final Collector collector;

  Remover(StoreParts parts, ImageFinder finder, Collector collector) {
    this.parts = parts;
    this.finder = finder;
    this.collector = collector;
  }

  RemoveResult remove(String text, boolean force) {
    CatalogueEntry entry =
        finder
            .find(text)
            .orElseThrow(() -> new ImageException.NotFound("no image \"" + text + "\" here"));
    List<Reference> byName =
        looksLikeId(text, entry)
            ? entry.names()
            : entry.names().stream().filter(ImageFinder.candidates(text)::contains).toList();
    if (!force) {
      checkEmbedded(entry, byName);
    }
    boolean byDigest = byName.isEmpty() && !entry.names().isEmpty();
    List<Reference> names = byDigest ? entry.names() : byName;
    if (names.size() < entry.names().size()) {
      untag(entry.id(), names);
      return new RemoveResult(names, List.of(), 0);
    }
    if (!force) {
      checkNames(entry, names);
      checkUnused(text, entry);
    }
    return drop(entry, names);
  }

  /** Removes some variants of an image, found before; one that stays takes their names. */
  RemoveResult removeVariants(String text, Set<Digest> ids, boolean force) {
    List<CatalogueEntry> all = finder.variants(text);
    List<CatalogueEntry> going = all.stream().filter(e -> ids.contains(e.id())).toList();
    Optional<CatalogueEntry> heir =
        all.stream().filter(e -> !ids.contains(e.id())).min(Comparator.comparingInt(finder::rank));
    for (CatalogueEntry entry : going) {
      if (!force) {
        if (heir.isEmpty()) {
          checkEmbedded(entry, entry.names());
          checkNames(entry, entry.names());
        }
        checkUnused(text, entry);
      }
    }
    List<Reference> untagged = new ArrayList<>();
    List<Digest> deleted = new ArrayList<>();
    long freed = 0;
    for (CatalogueEntry entry : going) {
      heir.ifPresent(to -> parts.catalogue().put(to.withNames(entry.names())));
      RemoveResult result = drop(entry, heir.isPresent() ? List.of() : entry.names());
      untagged.addAll(result.untagged());
      deleted.addAll(result.deleted());
      freed += result.freed();
    }
    return new RemoveResult(untagged, deleted, freed);
  }

  private static void checkEmbedded(CatalogueEntry entry, List<Reference> names) {
    if (EmbeddedImage.is(entry) && (names.isEmpty() || names.contains(EmbeddedImage.REFERENCE))) {
      throw new ImageException.Conflict(
          EmbeddedImage.NAME
              + " comes with Kapal, so that something runs where no registry answers:"
              + " it stays; force the removal to have it made anew");
    }
  }

  private static void checkNames(CatalogueEntry entry, List<Reference> names) {
    if (names.size() > 1) {
      throw new ImageException.Conflict(
          "image "
              + entry.id().shortHex()
              + " has several names ("
              + String.join(", ", names.stream().map(Reference::familiar).toList())
              + "): remove them one by one, or force it");
    }
  }

  private void checkUnused(String text, CatalogueEntry entry) {
    List<String> users = parts.users().of(entry.id());
    if (!users.isEmpty()) {
      throw new ImageException.Conflict(
          "image "
              + text
              + " is used by the container "
              + String.join(", ", users)
              + ": remove that first, or force it");
    }
  }

  private RemoveResult drop(CatalogueEntry entry, List<Reference> names) {
    if (!parts.users().of(entry.id()).isEmpty()) {
      // Its containers go on with its layers; without its configuration they could not be shown.
      untag(entry.id(), names);
      return new RemoveResult(names, List.of(), 0);
    }
    long freed = delete(entry);
    return new RemoveResult(names, List.of(entry.id()), freed);
  }

  private static boolean looksLikeId(String text, CatalogueEntry entry) {
    String hex = text.startsWith("sha256:") ? text.substring(7) : text;
    return entry.id().hex().startsWith(hex)
        && entry.names().stream().noneMatch(n -> n.familiarName().equals(text));
  }

  private void untag(Digest id, List<Reference> names) {
    parts
        .catalogue()
        .update(all ->
            all.stream()
                .map(e -> {
                  if (!e.id().equals(id)) {
                    return e;
                  }
                  List<Reference> left = new ArrayList<>(e.names());
                  left.removeAll(names);
                  return e.withNames(left);
                })
                .toList());
  }

  private long delete(CatalogueEntry entry) {
    Set<Digest> blobs = new HashSet<>();
    try {
      blobs.addAll(collector.blobs(entry));
    } catch (ImageException | OciException _) {
      blobs.add(entry.manifest().digest());
      blobs.add(entry.id());
    }
    parts.catalogue().remove(entry.id(), blobs);
    FaultPoint.reach("rmi.forgotten");
    return collector.collect(blobs);
  }

  RemoveResult prune(PruneRequest request) {
    List<Reference> untagged = new ArrayList<>();
    List<Digest> deleted = new ArrayList<>();
    long freed = 0;
    for (CatalogueEntry entry : parts.catalogue().list()) {
      if (EmbeddedImage.is(entry) || (!request.all() && !entry.names().isEmpty())) {
        continue;
      }
      if (request.until().map(entry.stored()::isBefore).orElse(true)
          && parts.users().of(entry.id()).isEmpty()
          && matches(entry, request)) {
        untagged.addAll(entry.names());
        deleted.add(entry.id());
        freed += delete(entry);
      }
    }
    return new RemoveResult(untagged, deleted, freed + collector.collectAll());
  }

  private boolean matches(CatalogueEntry entry, PruneRequest request) {
    if (request.labels().isEmpty()) {
      return true;
    }
    Image image = parts.image(entry);
    return ImageFinder.labelled(image.labels(), request.labels());
  }
}
