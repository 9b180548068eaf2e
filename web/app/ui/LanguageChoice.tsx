import { useId } from 'preact/hooks';
import { DownIcon, GlobeIcon } from '../icons';
import { language, languageNames, languages, speak, t, type Language } from '../language';

/** Switches the page's language while it runs. */
export function LanguageChoice({ labelled = false }: { labelled?: boolean }) {
  const id = useId();
  return (
    <div class="language">
      <label class={labelled ? 'label' : 'aside'} for={id}>{t('app.language')}</label>
      <span class="select">
        {!labelled && <span class="language-globe"><GlobeIcon size={18} /></span>}
        <select id={id} class="field" value={language.value} onChange={(event) => speak(event.currentTarget.value as Language)}>
          {languages.map((code) => <option key={code} value={code} lang={code}>{languageNames[code]}</option>)}
        </select>
        <DownIcon size={16} />
      </span>
    </div>
  );
}
