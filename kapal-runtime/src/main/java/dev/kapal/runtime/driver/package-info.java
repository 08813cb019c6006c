/** What the drivers of foreign runtimes share: sandboxes under a monitor, files, messages. */
@NullMarked
package dev.kapal.runtime.driver;

import org.jspecify.annotations.NullMarked;
