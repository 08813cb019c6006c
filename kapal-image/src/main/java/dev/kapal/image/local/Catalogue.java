package dev.kapal.image.local;

import com.fasterxml.jackson.annotation.JsonCreator;
import com.fasterxml.jackson.annotation.JsonProperty;
import dev.kapal.image.ImageException;
import dev.kapal.image.store.DurableFiles;
import dev.kapal.linux.FaultPoint;
import dev.kapal.oci.Digest;
import dev.kapal.oci.Reference;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import java.util.function.UnaryOperator;
import org.jspecify.annotations.Nullable;
import tools.jackson.core.JacksonException;
import tools.jackson.databind.DeserializationFeature;
import tools.jackson.databind.cfg.DateTimeFeature;
import tools.jackson.databind.json.JsonMapper;

/**
 * Which images there are and what they are called: one small file, {@code images.json}, replaced as
 * a whole, so that a change of several names is one step on disk. Reading is from memory. At a
 * thousand images the file has half a megabyte and a change takes a few milliseconds, most of it
 * fsync.
 */
final class Catalogue {
  private static final int VERSION = 1;
  private static final JsonMapper MAPPER =
      JsonMapper.builder()
          .disable(DateTimeFeature.WRITE_DATES_AS_TIMESTAMPS)
          .disable(DeserializationFeature.FAIL_ON_UNKNOWN_PROPERTIES)
          .build();

  /**
   * What the file holds.
   *
   * @param doomed blobs of images that were removed, if they may not have been removed themselves
   */
  record Content(int version, List<CatalogueEntry> images, Set<Digest> doomed) {
    /** Older files name no doomed blobs. */
    @JsonCreator
    static Content of(
        @JsonProperty("version") int version,
        @JsonProperty("images") List<CatalogueEntry> images,
        @JsonProperty("doomed") @Nullable Set<Digest> doomed) {
      return new Content(version, images, doomed == null ? Set.of() : doomed);
    }
  }

  /** A consistent view. */
  private record View(Map<Digest, CatalogueEntry> byId, Map<Reference, Digest> byName) {}

  private final Path file;
  private final Set<Digest> doomed = ConcurrentHashMap.newKeySet();
  private volatile View view;

  Catalogue(Path file) throws IOException {
    this.file = file;
    List<CatalogueEntry> entries = List.of();
    if (Files.exists(file)) {
      try {
        Content content = MAPPER.readValue(Files.readAllBytes(file), Content.class);
        if (content.version() != VERSION) {
          throw new ImageException.Damaged(
              file + " was written by another version of Kapal (" + content.version() + ")");
        }
        entries = content.images();
        doomed.addAll(content.doomed());
      } catch (JacksonException e) {
        throw new ImageException.Damaged(
            file + " is damaged (" + e.getOriginalMessage() + "): restore it or move it away");
      }
    }
    this.view = view(entries);
  }

  private static View view(List<CatalogueEntry> entries) {
    Map<Digest, CatalogueEntry> byId = new LinkedHashMap<>();
    Map<Reference, Digest> byName = new LinkedHashMap<>();
    for (CatalogueEntry entry : entries) {
      byId.put(entry.id(), entry);
      entry.names().forEach(name -> byName.put(name, entry.id()));
    }
    return new View(byId, byName);
  }

  Optional<CatalogueEntry> find(Digest id) {
    return Optional.ofNullable(view.byId().get(id));
  }

  Optional<CatalogueEntry> find(Reference name) {
    View now = view;
    return Optional.ofNullable(now.byName().get(name)).map(now.byId()::get);
  }

  List<CatalogueEntry> list() {
    return List.copyOf(view.byId().values());
  }

  /** Changes the images in one step; durable once this returns. */
  synchronized void update(UnaryOperator<List<CatalogueEntry>> change) {
    List<CatalogueEntry> next = change.apply(new ArrayList<>(view.byId().values()));
    try {
      DurableFiles.replace(file, MAPPER.writeValueAsBytes(new Content(VERSION, next, doomed)));
      FaultPoint.reach("catalogue.replaced");
    } catch (IOException e) {
      throw new ImageException.Failed("cannot write " + file + ": " + e.getMessage(), e);
    }
    view = view(next);
  }

  /** Removes an image; its blobs are to be removed next, by whoever comes to it. */
  void remove(Digest id, Set<Digest> blobs) {
    doomed.addAll(blobs);
    update(all -> all.stream().filter(e -> !e.id().equals(id)).toList());
  }

  /** Blobs of images that were removed, which may still be there. */
  Set<Digest> doomed() {
    return Set.copyOf(doomed);
  }

  /** They have been removed, or are needed again. The file says so when it is next written. */
  void collected(Set<Digest> blobs) {
    doomed.removeAll(blobs);
  }

  /** Adds an image, or names and digests to one; names are taken from whoever has them. */
  void put(CatalogueEntry entry) {
    update(all -> {
      List<CatalogueEntry> next = new ArrayList<>();
      CatalogueEntry merged = entry;
      for (CatalogueEntry old : all) {
        if (old.id().equals(entry.id())) {
          merged =
              new CatalogueEntry(
                  entry.id(),
                  entry.manifest(),
                  union(old.names(), entry.names()),
                  union(old.repoDigests(), entry.repoDigests()),
                  entry.size(),
                  old.stored());
        } else {
          List<Reference> names = new ArrayList<>(old.names());
          names.removeAll(entry.names());
          next.add(names.size() == old.names().size() ? old : old.withNames(names));
        }
      }
      next.add(merged);
      return next;
    });
  }

  private static List<Reference> union(List<Reference> a, List<Reference> b) {
    List<Reference> all = new ArrayList<>(a);
    b.stream().filter(r -> !all.contains(r)).forEach(all::add);
    return all;
  }
}
