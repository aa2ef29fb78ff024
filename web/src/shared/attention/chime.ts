/** Two short tones and a shake, for what is urgent. A browser that was never touched stays silent: that is its rule. */
export function chime(): void {
  navigator.vibrate?.([120, 60, 120]);
  if (typeof AudioContext === "undefined" || navigator.userActivation?.hasBeenActive === false) return;
  const audio = new AudioContext();
  const volume = audio.createGain();
  volume.connect(audio.destination);
  volume.gain.setValueAtTime(0.12, audio.currentTime);
  volume.gain.exponentialRampToValueAtTime(0.001, audio.currentTime + 0.5);
  for (const [index, pitch] of [880, 1175].entries()) {
    const tone = audio.createOscillator();
    tone.frequency.value = pitch;
    tone.connect(volume);
    tone.start(audio.currentTime + index * 0.14);
    tone.stop(audio.currentTime + 0.5);
    tone.onended = () => {
      // Both end at the same moment; whichever is heard of first.
      if (audio.state !== "closed") void audio.close().catch(() => {});
    };
  }
}
