@NullMarked
package dev.kapal.network;

import org.jspecify.annotations.NullMarked;
