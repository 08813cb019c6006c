package dev.kapal.cli.command;

import static dev.kapal.cli.model.Option.flag;
import static dev.kapal.cli.model.Option.list;
import static dev.kapal.cli.model.Option.value;

import dev.kapal.cli.model.Completion;
import dev.kapal.cli.model.Invocation;
import dev.kapal.cli.model.Leaf;
import dev.kapal.cli.model.UsageException;
import dev.kapal.cli.output.FdInput;
import dev.kapal.cli.output.Humans;
import dev.kapal.cli.output.OutputBytes;
import dev.kapal.cli.output.Progress;
import dev.kapal.cli.output.Text;
import dev.kapal.cli.parse.Pairs;
import dev.kapal.cli.parse.Scalars;
import dev.kapal.cli.template.Struct;
import dev.kapal.image.ArchiveFormat;
import dev.kapal.image.HistoryItem;
import dev.kapal.image.Image;
import dev.kapal.image.ImageFilters;
import dev.kapal.image.Images;
import dev.kapal.image.ImportRequest;
import dev.kapal.image.PruneRequest;
import dev.kapal.image.PullPolicy;
import dev.kapal.image.PullRequest;
import dev.kapal.image.PushRequest;
import dev.kapal.image.RemoveResult;
import dev.kapal.image.SaveRequest;
import dev.kapal.oci.Digest;
import dev.kapal.oci.Platform;
import dev.kapal.oci.Reference;
import java.io.IOException;
import java.io.InputStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Instant;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;

/** Everything about images. */
final class ImageCommands {
  static final String SECTION = "Images";
  private static final int ANY = Integer.MAX_VALUE;
  static final String NONE = "<none>";

  private static final Listing LISTING =
      Listing.of(
          List.of("Repository", "Tag", "ID", "CreatedSince", "Size"),
          "ID",
          "IMAGE ID",
          "Repository",
          "REPOSITORY",
          "Tag",
          "TAG",
          "Digest",
          "DIGEST",
          "CreatedSince",
          "CREATED",
          "CreatedAt",
          "CREATED AT",
          "Size",
          "SIZE",
          "Platform",
          "PLATFORM",
          "Labels",
          "LABELS");

  private static final Listing HISTORY_LISTING =
      Listing.of(
          List.of("ID", "CreatedSince", "CreatedBy", "Size", "Comment"),
          "ID",
          "IMAGE",
          "CreatedSince",
          "CREATED",
          "CreatedAt",
          "CREATED AT",
          "CreatedBy",
          "CREATED BY",
          "Size",
          "SIZE",
          "Comment",
          "COMMENT");

  private ImageCommands() {}

  static final Leaf IMAGES =
      Leaf.named("images")
          .section(SECTION)
          .summary("List images")
          .operands("[REPOSITORY[:TAG]]", 0, 1)
          .completesOnly(Completion.IMAGE)
          .example("kapal images", "all images with a name")
          .example("kapal images -q --filter dangling=true", "IDs of those without one")
          .options(
              flag("all", "Same; there are no intermediate images").letter('a').hide(),
              flag("digests", "Show the digests of manifests"),
              Listing.FILTER,
              Listing.FORMAT,
              Listing.NO_TRUNC,
              Listing.QUIET)
          .does(ImageCommands::images);

  static final Leaf PULL =
      Leaf.named("pull")
          .section(SECTION)
          .summary("Get an image from a registry")
          .operands("NAME[:TAG|@DIGEST]", 1, 1)
          .completesOnly(Completion.IMAGE)
          .example("kapal pull debian:12", "from Docker Hub")
          .example("kapal pull --platform linux/arm64 quay.io/fedora/fedora", "another platform")
          .options(
              flag("all-tags", "Get all tags of the repository").letter('a'),
              Listing.QUIET,
              RunOptions.PLATFORM,
              flag("disable-content-trust", "Ignored").hide())
          .does(ImageCommands::pull);

  static final Leaf PUSH =
      Leaf.named("push")
          .section(SECTION)
          .summary("Bring an image to a registry")
          .operands("NAME[:TAG]", 1, 1)
          .completesOnly(Completion.IMAGE)
          .example(
              "kapal push registry.example.com/team/app:1.2",
              "after 'kapal tag app registry.example.com/team/app:1.2'")
          .options(
              flag("all-tags", "Push all tags of the repository").letter('a'),
              Listing.QUIET,
              Platforms.option("Push this variant of the image"),
              flag("disable-content-trust", "Ignored").hide())
          .does(ImageCommands::push);

  static final Leaf RMI =
      Leaf.named("rmi")
          .section(SECTION)
          .summary("Remove images")
          .operands("IMAGE [IMAGE...]", 1, ANY)
          .completes(Completion.IMAGE)
          .example("kapal rmi debian:11", "take the name away, and the image if that was its last")
          .example("kapal rmi --platform linux/arm64 debian:12", "only what came for arm64")
          .options(
              flag("force", "Also if several names or ended containers hold it").letter('f'),
              Platforms.options("Remove only this variant of the image"),
              flag("no-prune", "Ignored").hide())
          .does(ImageCommands::rmi);

  static final Leaf TAG =
      Leaf.named("tag")
          .section(SECTION)
          .summary("Give an image another name")
          .operands("IMAGE NAME[:TAG]", 2, 2)
          .completesOnly(Completion.IMAGE, Completion.IMAGE)
          .example("kapal tag app registry.example.com/team/app:1.2", "name it for a registry")
          .does(i -> {
            i.engine()
                .images()
                .tag(i.arguments().operand(0), Reference.parse(i.arguments().operand(1)).tagged());
            return 0;
          });

  static final Leaf SAVE =
      Leaf.named("save")
          .section(SECTION)
          .summary("Write images to a tar archive")
          .operands("IMAGE [IMAGE...]", 1, ANY)
          .completes(Completion.IMAGE)
          .example("kapal save -o app.tar app:1.2", "write a file")
          .example("kapal save app:1.2 | ssh host kapal load", "copy it to another machine")
          .options(
              value("output", "FILE", "Write to a file instead of standard output")
                  .letter('o')
                  .completes(Completion.FILE),
              value("archive", "FORMAT", "docker or oci (default docker)").among("docker", "oci"),
              Platforms.option("Write this variant of each image"),
              flag("quiet", "Show no progress").letter('q'))
          .does(ImageCommands::save);

  static final Leaf LOAD =
      Leaf.named("load")
          .section(SECTION)
          .summary("Read images from a tar archive")
          .operands("", 0, 0)
          .example("kapal load -i app.tar", "read a file: OCI or docker, plain, gzip or zstd")
          .example("kapal load --platform linux/arm64 -i app.tar", "only what is for arm64")
          .options(
              value(
                      "input",
                      "FILE",
                      "Read a file or an OCI layout's folder instead of standard input")
                  .letter('i')
                  .completes(Completion.FILE),
              Platforms.option("Read only images for this platform (default this machine's)"),
              Listing.QUIET)
          .does(ImageCommands::load);

  static final Leaf IMPORT =
      Leaf.named("import")
          .section(SECTION)
          .summary("Make an image of a root file system")
          .operands("FILE|- [NAME[:TAG]]", 1, 2)
          .completesOnly(Completion.FILE)
          .example(
              "kapal import -c 'CMD [\"/bin/sh\"]' rootfs.tar.gz mine:1",
              "a tar of files becomes an image")
          .options(
              list("change", "INSTRUCTION", "Apply a Dockerfile instruction").letter('c'),
              value("message", "TEXT", "Comment for its history").letter('m'),
              RunOptions.PLATFORM)
          .does(ImageCommands::importRootfs);

  static final Leaf HISTORY =
      Leaf.named("history")
          .section(SECTION)
          .summary("Show how an image came to be")
          .operands("IMAGE", 1, 1)
          .completesOnly(Completion.IMAGE)
          .example("kapal history debian:12", "its layers, newest first")
          .options(
              Listing.FORMAT,
              flag("human", "Sizes and times for people (default true)").letter('H'),
              Listing.NO_TRUNC,
              Platforms.option("Show this variant of the image"),
              Listing.QUIET)
          .does(ImageCommands::history);

  static final Leaf PRUNE =
      Leaf.named("prune")
          .summary("Remove images that nothing uses")
          .example(
              "kapal image prune -af --filter until=240h", "all unused ones older than ten days")
          .options(
              flag("all", "Also those with a name that no container uses").letter('a'),
              Prune.FORCE,
              Prune.FILTER)
          .does(ImageCommands::prune);

  private static int images(Invocation i) {
    boolean whole = i.flag("no-trunc");
    boolean digests = i.flag("digests");
    List<Struct> rows = new ArrayList<>();
    List<String> ids = new ArrayList<>();
    for (Image image : i.engine().images().list(filters(i))) {
      String id = whole ? image.id().toString() : image.id().shortHex();
      if (!ids.contains(id)) {
        ids.add(id);
      }
      List<Reference> names = image.names();
      if (names.isEmpty()) {
        rows.add(row(i, image, id, NONE, NONE));
      }
      for (Reference name : names) {
        rows.add(row(i, image, id, name.familiarName(), name.tag().orElse(NONE)));
      }
    }
    if (i.flag("quiet")) {
      ids.forEach(i.out()::line);
      return 0;
    }
    Listing listing =
        digests
            ? LISTING.withColumns(
                List.of("Repository", "Tag", "Digest", "ID", "CreatedSince", "Size"))
            : LISTING;
    listing.print(i, rows);
    return 0;
  }

  private static Struct row(Invocation i, Image image, String id, String repository, String tag) {
    String digest =
        image.repoDigests().stream()
            .filter(name -> name.familiarName().equals(repository))
            .findFirst()
            .flatMap(Reference::digest)
            .map(Digest::toString)
            .orElse(NONE);
    return new Struct()
        .with("ID", id)
        .with("Repository", repository)
        .with("Tag", tag)
        .with("Digest", digest)
        .with("CreatedSince", since(image.created(), i.now()))
        .with("CreatedAt", Humans.moment(image.created(), i.zone()))
        .with("Size", Humans.size(image.size()))
        .with("VirtualSize", Humans.size(image.size()))
        .with("SharedSize", "N/A")
        .with("UniqueSize", "N/A")
        .with("Containers", "N/A")
        .with("Platform", image.platform().toString())
        .with("Labels", ContainerRows.labels(image.labels()));
  }

  /** Images that do not say when they were made are from 1970. */
  static String since(Instant created, Instant now) {
    return created.getEpochSecond() <= 0 ? "N/A" : Humans.ago(created, now);
  }

  private static ImageFilters filters(Invocation i) {
    List<String> references = new ArrayList<>(i.operands());
    Map<String, String> labels = new LinkedHashMap<>();
    Optional<Boolean> dangling = Optional.empty();
    Optional<Instant> before = Optional.empty();
    Optional<Instant> since = Optional.empty();
    for (String term : i.arguments().list("filter")) {
      int equals = term.indexOf('=');
      String key = equals < 0 ? term : term.substring(0, equals);
      String value = equals < 0 ? "" : term.substring(equals + 1);
      switch (key) {
        case "reference" -> references.add(value);
        case "label" -> labels.putAll(Pairs.loose("filter", List.of(value)));
        case "dangling" -> dangling = Optional.of(truth(value));
        case "before" -> before = Optional.of(i.engine().images().get(value).created());
        case "since" -> since = Optional.of(i.engine().images().get(value).created());
        case "until" ->
            before = Optional.of(Scalars.moment("filter until", value, i.now(), i.zone()));
        default ->
            throw new UsageException(
                "filter \""
                    + term
                    + "\" is not known here: use reference=, label=, dangling=, before=, since= or until=");
      }
    }
    return new ImageFilters(references, labels, dangling, before, since);
  }

  private static boolean truth(String value) {
    return switch (value) {
      case "true", "1" -> true;
      case "false", "0" -> false;
      default -> throw new UsageException("filter dangling=" + value + ": give true or false");
    };
  }

  private static int pull(Invocation i) {
    boolean quiet = i.flag("quiet");
    String name = i.arguments().operand(0);
    Optional<Platform> platform = Platforms.wanted(i.arguments(), i.context());
    if (i.flag("all-tags")) {
      PullRequest request =
          new PullRequest(
              name, platform, PullPolicy.ALWAYS, DockerConfig.of(i.context()).credentials());
      try (Progress progress = Progress.open(i.out(), i.context(), quiet)) {
        i.engine()
            .images()
            .pullAllTags(request, progress)
            .forEach(image -> told(i, image, name, quiet, "Downloaded image"));
      }
      return 0;
    }
    Optional<Digest> before = i.engine().images().find(name).map(Image::id);
    Image image = Pulls.image(i, name, platform, PullPolicy.ALWAYS, i.out(), quiet);
    boolean same = before.equals(Optional.of(image.id()));
    told(i, image, name, quiet, same ? "Image is up to date" : "Downloaded newer image");
    return 0;
  }

  private static void told(Invocation i, Image image, String name, boolean quiet, String status) {
    String wanted = Reference.isShortName(name) ? name : Reference.parse(name).familiarName();
    Optional<Reference> full =
        image.names().stream()
            .filter(r ->
                r.toString().equals(name)
                    || r.familiar().equals(name)
                    || r.familiarName().equals(wanted))
            .findFirst()
            .or(() -> image.names().stream().findFirst());
    if (!quiet) {
      i.out().line("Digest: " + image.manifest().digest());
      i.out().line("Status: " + status + " for " + full.map(Reference::familiar).orElse(name));
    }
    i.out().line(full.map(Reference::toString).orElse(image.id().toString()));
  }

  private static int push(Invocation i) {
    String name = i.arguments().operand(0);
    Reference target = Reference.parse(name);
    List<Reference> targets = new ArrayList<>();
    if (i.flag("all-tags")) {
      if (target.tag().isPresent()) {
        throw new UsageException("--all-tags pushes a repository: leave out the tag");
      }
      for (Image image : i.engine().images().list(ImageFilters.NONE)) {
        image.names().stream().filter(r -> r.name().equals(target.name())).forEach(targets::add);
      }
      if (targets.isEmpty()) {
        throw new CommandFailedException(
            "no image of the repository \"" + target.familiarName() + "\" here: tag one first", 1);
      }
    } else {
      targets.add(target.tagged());
    }
    Optional<Platform> platform = Platforms.wanted(i.arguments(), i.context());
    for (Reference one : targets) {
      PushRequest request =
          new PushRequest(
              variant(i, one.toString(), platform),
              one,
              DockerConfig.of(i.context()).credentials());
      Digest digest;
      try (Progress progress = Progress.open(i.out(), i.context(), i.flag("quiet"))) {
        digest = i.engine().images().push(request, progress);
      }
      i.out().line(i.flag("quiet") ? one.toString() : one + ": digest: " + digest);
    }
    return 0;
  }

  /** The image to name instead: the name itself, or the id of its variant. */
  private static String variant(Invocation i, String name, Optional<Platform> platform) {
    return platform.map(p -> i.engine().images().get(name, p).id().toString()).orElse(name);
  }

  private static int rmi(Invocation i) throws InterruptedException {
    List<Platform> platforms = Platforms.all(i);
    boolean force = i.flag("force");
    return Each.of(
        i,
        i.operands(),
        name -> {
          try {
            Images images = i.engine().images();
            return removed(
                platforms.isEmpty()
                    ? images.remove(name, force)
                    : images.remove(name, platforms, force));
          } catch (dev.kapal.image.ImageException.NotFound e) {
            if (force) {
              return "";
            }
            throw e;
          }
        });
  }

  private static String removed(RemoveResult result) {
    List<String> lines = new ArrayList<>();
    result.untagged().forEach(name -> lines.add("Untagged: " + name.familiar()));
    result.deleted().forEach(id -> lines.add("Deleted: " + id));
    return String.join("\n", lines);
  }

  private static int save(Invocation i) {
    ArchiveFormat format =
        switch (i.arguments().value("archive").orElse("docker")) {
          case "docker" -> ArchiveFormat.DOCKER;
          case "oci" -> ArchiveFormat.OCI;
          default ->
              throw new UsageException(
                  "invalid value \""
                      + i.arguments().value("archive").orElse("")
                      + "\" for --archive: use docker or oci");
        };
    SaveRequest request = new SaveRequest(i.operands(), format, Platforms.of(i));
    // The archive may be what standard output carries.
    try (Progress progress = Progress.open(i.err(), i.context(), i.flag("quiet"))) {
      return FileOutputs.write(i, out -> i.engine().images().save(out, request, progress));
    }
  }

  private static int load(Invocation i) {
    boolean quiet = i.flag("quiet");
    Optional<Path> file =
        i.arguments()
            .value("input")
            .filter(f -> !f.equals("-"))
            .map(f -> Path.of(i.context().resolve(f)));
    Optional<Platform> platform = Platforms.of(i);
    List<Image> images;
    try (Progress progress = Progress.open(i.out(), i.context(), quiet)) {
      if (file.isPresent() && Files.isDirectory(file.get())) {
        images = i.engine().images().load(file.get(), platform, progress);
      } else if (file.isPresent()) {
        try (InputStream in = Files.newInputStream(file.get())) {
          images = i.engine().images().load(in, platform, progress);
        }
      } else {
        images = i.engine().images().load(input(i, "load"), platform, progress);
      }
    } catch (IOException e) {
      throw new CommandFailedException(
          file.map(Path::toString).orElse("standard input")
              + " cannot be read: "
              + ClientFiles.reason(e),
          1);
    }
    for (Image image : images) {
      if (image.names().isEmpty()) {
        i.out().line("Loaded image ID: " + image.id());
      }
      image.names().forEach(name -> i.out().line("Loaded image: " + name.familiar()));
    }
    return 0;
  }

  /** The client's standard input, which must not be a terminal. */
  private static InputStream input(Invocation i, String command) {
    if (i.context().streams().inputIsTerminal()) {
      throw new CommandFailedException(
          command
              + " reads an archive from standard input, which is a terminal: redirect it or name a file",
          1);
    }
    return new FdInput(i.services().linux().descriptors(), i.context().streams().input());
  }

  private static int importRootfs(Invocation i) {
    String source = i.arguments().operand(0);
    if (source.startsWith("http://") || source.startsWith("https://")) {
      throw new UsageException(
          "import takes a file or -: fetch " + source + " first, as in curl … | kapal import -");
    }
    ImportRequest request =
        new ImportRequest(
            i.operands().size() > 1
                ? Optional.of(Reference.parse(i.arguments().operand(1)).tagged())
                : Optional.empty(),
            i.arguments().list("change"),
            i.arguments().value("message").orElse("Imported from " + source),
            Platforms.wanted(i.arguments(), i.context()));
    Image image;
    if (source.equals("-")) {
      image = i.engine().images().importRootfs(input(i, "import"), request);
    } else {
      try (InputStream in = Files.newInputStream(Path.of(i.context().resolve(source)))) {
        image = i.engine().images().importRootfs(in, request);
      } catch (IOException e) {
        throw new CommandFailedException(source + " cannot be read: " + ClientFiles.reason(e), 1);
      }
    }
    i.out().line(image.id().toString());
    return 0;
  }

  private static int history(Invocation i) {
    boolean whole = i.flag("no-trunc");
    boolean human = i.arguments().flag("human", true);
    String image = variant(i, i.arguments().operand(0), Platforms.of(i));
    List<HistoryItem> items = i.engine().images().history(image);
    if (i.flag("quiet")) {
      items.forEach(item -> i.out().line(id(item, whole)));
      return 0;
    }
    List<Struct> rows = new ArrayList<>();
    for (HistoryItem item : items) {
      String by = item.entry().createdBy().replace('\t', ' ');
      Instant created = item.entry().created().orElse(Instant.EPOCH);
      rows.add(
          new Struct()
              .with("ID", id(item, whole))
              .with("CreatedSince", human ? since(created, i.now()) : created.toString())
              .with("CreatedAt", created.toString())
              .with("CreatedBy", whole ? by : Text.cut(by, 45))
              .with("Size", human ? Humans.size(item.size()) : Long.toString(item.size()))
              .with("Comment", item.entry().comment()));
    }
    HISTORY_LISTING.print(i, rows);
    return 0;
  }

  private static String id(HistoryItem item, boolean whole) {
    return item.image().map(id -> whole ? id.toString() : id.shortHex()).orElse("<missing>");
  }

  private static int prune(Invocation i) {
    boolean all = i.flag("all");
    Optional<Instant> until = Optional.empty();
    Map<String, String> labels = new LinkedHashMap<>();
    for (String term : i.arguments().list("filter")) {
      if (term.startsWith("until=")) {
        until = Optional.of(Scalars.moment("filter until", term.substring(6), i.now(), i.zone()));
      } else if (term.startsWith("label=")) {
        labels.putAll(Pairs.loose("filter", List.of(term.substring(6))));
      } else {
        throw new UsageException("filter \"" + term + "\" is not known here: use until= or label=");
      }
    }
    String warning =
        all
            ? "This removes all images that no container uses."
            : "This removes all images that have no name and that no container uses.";
    if (!Prune.agreed(i, warning)) {
      return 1;
    }
    RemoveResult result = i.engine().images().prune(new PruneRequest(all, until, labels));
    if (!result.untagged().isEmpty() || !result.deleted().isEmpty()) {
      i.out().line("Deleted Images:");
      i.out().line(removed(result));
      i.out().line("");
    }
    i.out().line("Total reclaimed space: " + Humans.size(result.freed()));
    return 0;
  }

  static OutputBytes bytes(Invocation i) {
    return new OutputBytes(i.out());
  }
}
