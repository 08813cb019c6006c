package dev.kapal.image.local;

import dev.kapal.image.Image;
import dev.kapal.image.ImageException;
import dev.kapal.image.ImageFilters;
import dev.kapal.oci.Digest;
import dev.kapal.oci.InvalidReferenceException;
import dev.kapal.oci.Platform;
import dev.kapal.oci.Reference;
import java.util.ArrayList;
import java.util.Collections;
import java.util.Comparator;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.regex.Pattern;

/** Finds images by what people call them. */
final class ImageFinder {
  private static final Pattern ID = Pattern.compile("(?:sha256:)?([0-9a-f]{3,64})");
  private final StoreParts parts;

  ImageFinder(StoreParts parts) {
    this.parts = parts;
  }

  Optional<CatalogueEntry> find(String text) {
    Optional<CatalogueEntry> byName = byName(text);
    if (byName.isPresent()) {
      return byName;
    }
    var matcher = ID.matcher(text);
    return matcher.matches() ? byPrefix(matcher.group(1)) : Optional.empty();
  }

  /** What a text leads to, then those that came for other platforms under the same digest. */
  List<CatalogueEntry> variants(String text) {
    return find(text).map(this::variants).orElse(List.of());
  }

  private List<CatalogueEntry> variants(CatalogueEntry entry) {
    List<CatalogueEntry> all = new ArrayList<>(List.of(entry));
    for (CatalogueEntry other : parts.catalogue().list()) {
      if (!other.id().equals(entry.id())
          && !Collections.disjoint(other.repoDigests(), entry.repoDigests())) {
        all.add(other);
      }
    }
    return all;
  }

  /** How well an image suits this machine; the last are those that do not. */
  int rank(CatalogueEntry entry) {
    return Platform.host().rank(parts.config(entry.id()).platform()).orElse(Integer.MAX_VALUE);
  }

  /** The names that a text may mean, best first. */
  static List<Reference> candidates(String text) {
    List<Reference> all = new ArrayList<>();
    if (Reference.isShortName(text)) {
      all.add(Reference.parse(text, Reference.LOCALHOST).tagged());
    }
    all.add(Reference.parse(text).tagged());
    return all;
  }

  private Optional<CatalogueEntry> byName(String text) {
    List<Reference> candidates;
    try {
      candidates = candidates(text);
    } catch (InvalidReferenceException e) {
      if (ID.matcher(text).matches()) {
        return Optional.empty();
      }
      throw e;
    }
    for (Reference name : candidates) {
      Optional<CatalogueEntry> found =
          name.digest().isPresent()
              ? byDigest(name, name.digest().get())
              : parts.catalogue().find(name);
      if (found.isPresent()) {
        return found;
      }
    }
    return Optional.empty();
  }

  private Optional<CatalogueEntry> byDigest(Reference name, Digest digest) {
    Reference wanted = name.withDigest(digest);
    return parts.catalogue().list().stream()
        .filter(entry ->
            entry.repoDigests().contains(wanted)
                || (entry.manifest().digest().equals(digest)
                    && entry.names().stream().anyMatch(n -> n.name().equals(name.name()))))
        .min(Comparator.comparingInt(this::rank));
  }

  private Optional<CatalogueEntry> byPrefix(String prefix) {
    List<CatalogueEntry> found =
        parts.catalogue().list().stream().filter(e -> e.id().hex().startsWith(prefix)).toList();
    if (found.isEmpty()) {
      return parts.catalogue().list().stream()
          .filter(e -> prefix.length() == 64 && e.manifest().digest().hex().equals(prefix))
          .findFirst();
    }
    if (found.size() > 1) {
      throw new ImageException.Ambiguous(
          "\"" + prefix + "\" is the beginning of " + found.size() + " ids: give more digits",
          found.stream().map(CatalogueEntry::id).toList());
    }
    return Optional.of(found.get(0));
  }

  List<Image> list(ImageFilters filters) {
    List<Pattern> patterns = filters.references().stream().map(ImageFinder::glob).toList();
    return parts.catalogue().list().stream()
        .filter(entry -> matches(entry, patterns))
        .map(parts::image)
        .filter(image -> filters.dangling().map(d -> d == image.dangling()).orElse(true))
        .filter(image -> filters.before().map(image.created()::isBefore).orElse(true))
        .filter(image -> filters.since().map(image.created()::isAfter).orElse(true))
        .filter(image -> labelled(image.labels(), filters.labels()))
        .sorted(Comparator.comparing(Image::created).reversed().thenComparing(Image::id))
        .toList();
  }

  static boolean labelled(Map<String, String> labels, Map<String, String> wanted) {
    return wanted.entrySet().stream()
        .allMatch(e ->
            labels.containsKey(e.getKey())
                && (e.getValue().isEmpty() || e.getValue().equals(labels.get(e.getKey()))));
  }

  private static boolean matches(CatalogueEntry entry, List<Pattern> patterns) {
    if (patterns.isEmpty()) {
      return true;
    }
    for (Reference name : entry.names()) {
      List<String> forms =
          List.of(name.toString(), name.familiar(), name.name(), name.familiarName());
      for (Pattern pattern : patterns) {
        if (forms.stream().anyMatch(form -> pattern.matcher(form).matches())) {
          return true;
        }
      }
    }
    return false;
  }

  private static Pattern glob(String text) {
    StringBuilder regex = new StringBuilder();
    for (int i = 0; i < text.length(); i++) {
      char c = text.charAt(i);
      switch (c) {
        case '*' -> regex.append("[^/]*");
        case '?' -> regex.append("[^/]");
        default -> regex.append(Pattern.quote(String.valueOf(c)));
      }
    }
    return Pattern.compile(regex.toString());
  }
}
