export const standIn = () => ({ name: "stand-in" });
